#pragma once

#include "schema/base/result.hpp"

#include <array>
#include <cstdint>
#include <string>

/// The few things a pod's link needs of the kernel, by rtnetlink. All are idempotent unless they say
/// otherwise.

namespace actord::net {

using hardware_address = std::array<std::uint8_t, 6>;

struct interface_address {
  std::uint32_t address = 0; ///< host byte order
  int prefix_length = 0;
};

/// A bridge that is up and has the address. Its hardware address is given once, so that it does not follow
/// its ports.
result<void> ensure_bridge(const std::string& name, const hardware_address& hardware,
                           const interface_address& address, int mtu);

struct veth_request {
  std::string host_name;
  std::string bridge;
  std::string namespace_path;
  std::string pod_name; ///< of the end in the namespace, "eth0"
  hardware_address pod_hardware{};
  interface_address pod_address;
  std::uint32_t gateway = 0;
  int mtu = 0;
};

/// A pair of interfaces: one end on the bridge (with hairpin, so that a pod may reach itself by its Service),
/// the other in the namespace with address and default route, both up. A pair of that name left from before
/// is replaced.
result<void> connect_pod(const veth_request& wish);

result<void> delete_link(const std::string& name);

} // namespace actord::net
