#pragma once

#include "net/services/iptables_program.hpp"
#include "net/services/service_types.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace actord::net {

/// The rules that make this node answer for all services.
///
/// Packets find their service in two steps by the last byte of their destination, so that a walk looks at
/// some forty rules and a change rewrites one small bucket however many services there are:
///
///   PREROUTING, OUTPUT ─▶ ACTORD-SERVICES ─(high half)─▶ ACTORD-D-6 ─(low half)─▶ ACTORD-D-6f ─(address,
///   port)─▶ target
///                              └─(to this node)─▶ ACTORD-NODEPORTS ─(port range)─▶ ACTORD-N-236 ─(port)─▶
///                              target
///   targets:  ACTORD-S-<hash>  any endpoint        ACTORD-L-<hash>  endpoints of this node
///             ACTORD-X-<hash>  from outside        ACTORD-F-<hash>  from a load balancer's source ranges
///             ACTORD-E-<hash>  one endpoint: remember the client, rewrite the destination
///   POSTROUTING ─▶ ACTORD-POSTROUTING masquerades what carries our mark: traffic from outside the pods'
///   addresses, and a pod that reaches itself. Services without an endpoint are refused in the filter table,
///   which has the same buckets.
iptables_program service_rules(const service_view& view);

/// A destination whose connection-tracking entries outlive an endpoint, since UDP has no end of its own.
struct stale_flow {
  std::string service_address; ///< empty for a node port
  std::uint16_t service_port = 0;
  std::string
      endpoint_address; ///< empty: the service had no endpoint, so what it sent elsewhere must be forgotten

  auto operator<=>(const stale_flow&) const = default;
};

/// UDP flows that must be forgotten because their endpoint is gone, or because the service just got its first
/// one.
std::vector<stale_flow> stale_flows(const service_view& before, const service_view& after);

} // namespace actord::net
