#include "net/cni/link_control.hpp"

#include "net/cni/route_request.hpp"

#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <thread>

namespace actord::net {

int add_address(unsigned index, const interface_address& wish) {
  route_request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  auto* part = request.part<ifaddrmsg>();
  part->ifa_family = AF_INET;
  part->ifa_prefixlen = static_cast<std::uint8_t>(wish.prefix_length);
  part->ifa_scope = RT_SCOPE_UNIVERSE;
  part->ifa_index = index;
  request.address(IFA_LOCAL, wish.address);
  request.address(IFA_ADDRESS, wish.address);
  const std::uint32_t hosts = (std::uint32_t{1} << (32 - wish.prefix_length)) - 1;
  request.address(IFA_BROADCAST, wish.address | hosts);
  return request.send();
}

int set_up(unsigned index) {
  route_request request(RTM_NEWLINK, 0);
  auto* part = request.part<ifinfomsg>();
  part->ifi_index = static_cast<int>(index);
  part->ifi_flags = IFF_UP;
  part->ifi_change = IFF_UP;
  return request.send();
}

namespace {

int add_default_route(std::uint32_t gateway) {
  route_request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  auto* part = request.part<rtmsg>();
  part->rtm_family = AF_INET;
  part->rtm_table = RT_TABLE_MAIN;
  part->rtm_protocol = RTPROT_STATIC;
  part->rtm_scope = RT_SCOPE_UNIVERSE;
  part->rtm_type = RTN_UNICAST;
  request.address(RTA_GATEWAY, gateway);
  return request.send();
}

int create_pair(const veth_request& wish, int network_namespace, unsigned bridge) {
  route_request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  // Both ends are brought up later: neither can be while the other is not there.
  request.part<ifinfomsg>();
  request.text(IFLA_IFNAME, wish.host_name);
  request.number(IFLA_MASTER, bridge);
  if (wish.mtu > 0) request.number(IFLA_MTU, static_cast<std::uint32_t>(wish.mtu));
  nlattr* info = mnl_attr_nest_start(request.message(), IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(request.message(), IFLA_INFO_DATA);
  nlattr* peer = mnl_attr_nest_start(request.message(), VETH_INFO_PEER);
  request.part<ifinfomsg>();
  request.text(IFLA_IFNAME, wish.pod_name);
  request.hardware(IFLA_ADDRESS, wish.pod_hardware);
  if (wish.mtu > 0) request.number(IFLA_MTU, static_cast<std::uint32_t>(wish.mtu));
  request.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(network_namespace));
  mnl_attr_nest_end(request.message(), peer);
  mnl_attr_nest_end(request.message(), data);
  mnl_attr_nest_end(request.message(), info);
  return request.send();
}

int set_hairpin(unsigned index) {
  route_request request(RTM_SETLINK, 0);
  auto* part = request.part<ifinfomsg>();
  part->ifi_family = AF_BRIDGE;
  part->ifi_index = static_cast<int>(index);
  nlattr* port = mnl_attr_nest_start(request.message(), IFLA_PROTINFO);
  mnl_attr_put_u8(request.message(), IFLA_BRPORT_MODE, 1);
  mnl_attr_nest_end(request.message(), port);
  return request.send();
}

/// Runs in the namespace, on a thread that ends with it.
int in_namespace(int network_namespace, const std::function<int()>& work) {
  int outcome = 0;
  std::thread([&] { outcome = ::setns(network_namespace, CLONE_NEWNET) == 0 ? work() : errno; }).join();
  return outcome;
}

int configure_pod_end(const veth_request& wish) {
  const unsigned index = ::if_nametoindex(wish.pod_name.c_str());
  if (index == 0) return errno;
  if (const int failure = set_up(index); failure != 0) return failure;
  if (const int failure = add_address(index, wish.pod_address); failure != 0 && failure != EEXIST)
    return failure;
  return add_default_route(wish.gateway);
}

} // namespace

result<void> ensure_bridge(const std::string& name, const hardware_address& hardware,
                           const interface_address& address, int mtu) {
  if (::if_nametoindex(name.c_str()) == 0) {
    route_request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    request.part<ifinfomsg>();
    request.text(IFLA_IFNAME, name);
    request.hardware(IFLA_ADDRESS, hardware);
    if (mtu > 0) request.number(IFLA_MTU, static_cast<std::uint32_t>(mtu));
    nlattr* info = mnl_attr_nest_start(request.message(), IFLA_LINKINFO);
    request.text(IFLA_INFO_KIND, "bridge");
    mnl_attr_nest_end(request.message(), info);
    if (const int failure = request.send(); failure != 0 && failure != EEXIST)
      return kernel_refused("create bridge " + name, failure);
  }
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) return kernel_refused("find bridge " + name, errno);
  if (const int failure = add_address(index, address); failure != 0 && failure != EEXIST)
    return kernel_refused("give bridge " + name + " its address", failure);
  if (const int failure = set_up(index); failure != 0)
    return kernel_refused("bring up bridge " + name, failure);
  return {};
}

result<void> connect_pod(const veth_request& wish) {
  const int network_namespace = ::open(wish.namespace_path.c_str(), O_RDONLY | O_CLOEXEC);
  if (network_namespace < 0) return kernel_refused("open " + wish.namespace_path, errno);
  const std::unique_ptr<const int, void (*)(const int*)> closer(&network_namespace,
                                                                [](const int* fd) { ::close(*fd); });
  const unsigned bridge = ::if_nametoindex(wish.bridge.c_str());
  if (bridge == 0) return kernel_refused("find bridge " + wish.bridge, errno);
  int failure = create_pair(wish, network_namespace, bridge);
  if (failure == EEXIST) {
    if (auto deleted = delete_link(wish.host_name); !deleted) return deleted;
    failure = create_pair(wish, network_namespace, bridge);
  }
  if (failure != 0) return kernel_refused("create interface " + wish.host_name, failure);
  const unsigned host_end = ::if_nametoindex(wish.host_name.c_str());
  failure = set_hairpin(host_end);
  if (failure == 0) failure = set_up(host_end);
  if (failure != 0) return kernel_refused("set up " + wish.host_name, failure);
  failure = in_namespace(network_namespace, [&] { return configure_pod_end(wish); });
  if (failure != 0) return kernel_refused("configure " + wish.pod_name + " of the pod", failure);
  return {};
}

result<void> delete_link(const std::string& name) {
  route_request request(RTM_DELLINK, 0);
  request.part<ifinfomsg>();
  request.text(IFLA_IFNAME, name);
  const int failure = request.send();
  return failure == 0 || failure == ENODEV ? result<void>{}
                                           : kernel_refused("delete interface " + name, failure);
}

} // namespace actord::net
