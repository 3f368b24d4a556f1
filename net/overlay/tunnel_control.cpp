#include "net/overlay/tunnel_control.hpp"

#include "net/cni/route_request.hpp"

#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>

namespace actord::net {
namespace {

constexpr std::uint8_t route_origin = 172; ///< RTA protocol: says that a route is ours

int create_device(const overlay_options& own) {
  route_request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.part<ifinfomsg>();
  request.text(IFLA_IFNAME, own.device);
  request.hardware(IFLA_ADDRESS, overlay_hardware(own.pods));
  if (own.mtu > 0) request.number(IFLA_MTU, static_cast<std::uint32_t>(own.mtu));
  nlattr* info = mnl_attr_nest_start(request.message(), IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, "vxlan");
  nlattr* data = mnl_attr_nest_start(request.message(), IFLA_INFO_DATA);
  request.number(IFLA_VXLAN_ID, own.number);
  request.address(IFLA_VXLAN_LOCAL, own.address);
  mnl_attr_put_u16(request.message(), IFLA_VXLAN_PORT, htons(overlay_port));
  mnl_attr_put_u8(request.message(), IFLA_VXLAN_LEARNING, 0);
  mnl_attr_nest_end(request.message(), data);
  mnl_attr_nest_end(request.message(), info);
  return request.send();
}

int change_neighbour(std::uint16_t type, std::uint16_t flags, unsigned device, const overlay_peer& peer) {
  route_request request(type, flags);
  auto* part = request.part<ndmsg>();
  part->ndm_family = AF_INET;
  part->ndm_ifindex = static_cast<int>(device);
  part->ndm_state = NUD_PERMANENT;
  request.address(NDA_DST, peer.pods.network);
  request.hardware(NDA_LLADDR, overlay_hardware(peer.pods));
  return request.send();
}

int change_forwarding(std::uint16_t type, std::uint16_t flags, unsigned device, const overlay_peer& peer) {
  route_request request(type, flags);
  auto* part = request.part<ndmsg>();
  part->ndm_family = AF_BRIDGE;
  part->ndm_ifindex = static_cast<int>(device);
  part->ndm_state = NUD_PERMANENT;
  part->ndm_flags = NTF_SELF;
  request.hardware(NDA_LLADDR, overlay_hardware(peer.pods));
  request.address(NDA_DST, peer.address);
  return request.send();
}

int change_route(std::uint16_t type, std::uint16_t flags, unsigned device, const overlay_peer& peer) {
  route_request request(type, flags);
  auto* part = request.part<rtmsg>();
  part->rtm_family = AF_INET;
  part->rtm_dst_len = static_cast<std::uint8_t>(peer.pods.prefix_length);
  part->rtm_table = RT_TABLE_MAIN;
  part->rtm_protocol = route_origin;
  part->rtm_scope = RT_SCOPE_UNIVERSE;
  part->rtm_type = RTN_UNICAST;
  part->rtm_flags = RTNH_F_ONLINK;
  request.address(RTA_DST, peer.pods.network);
  request.address(RTA_GATEWAY, peer.pods.network);
  request.number(RTA_OIF, device);
  return request.send();
}

bool is_missing(int failure) {
  return failure == 0 || failure == ESRCH || failure == ENOENT || failure == ENODEV;
}

} // namespace

result<void> create_tunnel(const overlay_options& own) {
  if (auto deleted = delete_link(own.device); !deleted) return deleted;
  if (const int failure = create_device(own); failure != 0)
    return kernel_refused("create tunnel " + own.device, failure);
  const unsigned index = ::if_nametoindex(own.device.c_str());
  if (index == 0) return kernel_refused("find tunnel " + own.device, errno);
  int failure = add_address(index, {.address = own.pods.network, .prefix_length = 32});
  if (failure == 0) failure = set_up(index);
  if (failure != 0) return kernel_refused("set up tunnel " + own.device, failure);
  return {};
}

result<void> add_tunnel_peer(const std::string& device, const overlay_peer& peer) {
  const unsigned index = ::if_nametoindex(device.c_str());
  if (index == 0) return kernel_refused("find tunnel " + device, errno);
  constexpr std::uint16_t flags = NLM_F_CREATE | NLM_F_REPLACE;
  int failure = change_neighbour(RTM_NEWNEIGH, flags, index, peer);
  if (failure == 0) failure = change_forwarding(RTM_NEWNEIGH, flags, index, peer);
  if (failure == 0) failure = change_route(RTM_NEWROUTE, flags, index, peer);
  if (failure != 0) return kernel_refused("lead to the pods of node " + peer.node, failure);
  return {};
}

result<void> remove_tunnel_peer(const std::string& device, const overlay_peer& peer) {
  const unsigned index = ::if_nametoindex(device.c_str());
  if (index == 0) return {};
  for (const int failure :
       {change_route(RTM_DELROUTE, 0, index, peer), change_forwarding(RTM_DELNEIGH, 0, index, peer),
        change_neighbour(RTM_DELNEIGH, 0, index, peer)})
    if (!is_missing(failure)) return kernel_refused("forget the pods of node " + peer.node, failure);
  return {};
}

bool has_tunnel(const std::string& device) { return ::if_nametoindex(device.c_str()) != 0; }

int mtu_of_address(std::uint32_t address) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return 0;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> freed(all, ::freeifaddrs);
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    sockaddr_in found{};
    std::memcpy(&found, each->ifa_addr, sizeof found);
    if (ntohl(found.sin_addr.s_addr) != address || (each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return 0;
    ifreq request{};
    std::strncpy(request.ifr_name, each->ifa_name, IFNAMSIZ - 1);
    const int failed = ::ioctl(socket, SIOCGIFMTU, &request);
    ::close(socket);
    return failed == 0 ? request.ifr_mtu : 0;
  }
  return 0;
}

} // namespace actord::net
