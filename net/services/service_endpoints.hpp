#pragma once

#include "net/services/service_types.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace actord::net {

struct endpoint_target {
  std::string address;
  std::uint16_t port = 0;
  bool is_local = false;

  auto operator<=>(const endpoint_target&) const = default;
};

/// The endpoints one service port may be sent to, sorted and without repetition.
struct endpoint_choice {
  std::vector<endpoint_target> cluster; ///< on any node
  std::vector<endpoint_target> local;   ///< on this node
  /// A service that has endpoints, only none here, drops where one without any refuses.
  [[nodiscard]] bool empty() const { return cluster.empty() && local.empty(); }
};

/// All endpoints of a view by service port. The rule for each of the two sets on its own: the ready ones;
/// when there are none, those that still serve while they terminate.
class endpoint_index {
public:
  explicit endpoint_index(const service_view& view);
  [[nodiscard]] endpoint_choice choose(const service_port_entry& service) const;

private:
  std::map<std::string, std::vector<const endpoint_slice_entry*>, std::less<>> slices_;
  const service_view& view_;
};

bool is_ipv4(std::string_view text);
/// "10.1.2.3/8" becomes "10.0.0.0/8"; empty when it is no IPv4 range.
std::string canonical_cidr(std::string_view text);
std::string_view protocol_name(transport_protocol protocol);

} // namespace actord::net
