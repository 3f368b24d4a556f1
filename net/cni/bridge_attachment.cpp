#include "net/cni/bridge_attachment.hpp"

#include "net/cni/link_control.hpp"
#include "schema/base/json.hpp"

#include <functional>

namespace actord::net {
namespace {

constexpr const char* pod_interface = "eth0";

/// At most 15 bytes, different for each attachment (ids are hexadecimal digests).
std::string host_interface(const std::string& id) { return "veth" + id.substr(0, 11); }

/// Locally administered, made of the address as many container networks do, so that it is never given twice
/// at a time.
hardware_address hardware_of(std::uint32_t address) {
  return {0x0a,
          0x58,
          static_cast<std::uint8_t>(address >> 24U),
          static_cast<std::uint8_t>(address >> 16U),
          static_cast<std::uint8_t>(address >> 8U),
          static_cast<std::uint8_t>(address)};
}

std::string hardware_text(const hardware_address& hardware) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : hardware) {
    if (!text.empty()) text += ':';
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

} // namespace

bridge_attachment::bridge_attachment(cni_options options, address_range range)
    : options_(std::move(options)), range_(range),
      pool_(options_.state_dir + "/addresses/" + options_.network_name, range) {}

result<std::unique_ptr<bridge_attachment>> bridge_attachment::open(const cni_options& options) {
  const auto range = parse_range(options.pod_cidr);
  if (!range) return range.error();
  return std::unique_ptr<bridge_attachment>(new bridge_attachment(options, *range));
}

result<std::string> bridge_attachment::add(const pod_attachment& pod) {
  // Every time: someone may have removed the bridge, and the check is one look-up.
  const auto bridge = ensure_bridge(options_.bridge, hardware_of(range_.gateway()),
                                    {range_.gateway(), range_.prefix_length}, options_.mtu);
  if (!bridge) return bridge.error();
  const auto address = pool_.take(pod.id);
  if (!address) return address.error();
  const veth_request wish{.host_name = host_interface(pod.id),
                          .bridge = options_.bridge,
                          .namespace_path = pod.namespace_path,
                          .pod_name = pod_interface,
                          .pod_hardware = hardware_of(*address),
                          .pod_address = {*address, range_.prefix_length},
                          .gateway = range_.gateway(),
                          .mtu = options_.mtu};
  if (auto connected = connect_pod(wish); !connected) return connected.error();
  const json answer{
      {"cniVersion", "1.0.0"},
      {"interfaces", json::array({{{"name", options_.bridge}},
                                  {{"name", wish.host_name}},
                                  {{"name", pod_interface},
                                   {"mac", hardware_text(wish.pod_hardware)},
                                   {"sandbox", pod.namespace_path}}})},
      {"ips", json::array({{{"interface", 2},
                            {"address", address_text(*address) + "/" + std::to_string(range_.prefix_length)},
                            {"gateway", address_text(range_.gateway())}}})},
      {"routes", json::array({{{"dst", "0.0.0.0/0"}}})},
      {"dns", json::object()}};
  return answer.dump();
}

result<void> bridge_attachment::remove(const std::string& id) {
  if (auto deleted = delete_link(host_interface(id)); !deleted) return deleted;
  return pool_.give_back(id);
}

} // namespace actord::net
