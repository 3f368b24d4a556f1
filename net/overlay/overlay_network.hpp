#pragma once

#include "net/cni/iptables_tool.hpp"
#include "net/overlay/overlay_plan.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <vector>

namespace actord::net {

/// This node's end of the tunnel. There is none while there are no peers. Blocks; one caller at a time.
class overlay_network {
public:
  /// `runner` outlives it. Nothing is done yet: what an earlier process left stays until the first `apply`.
  overlay_network(overlay_options own, program_runner& runner);

  /// Leads to these peers and to no other. When it fails some of it is done; try again.
  result<void> apply(std::vector<overlay_peer> peers);
  /// Takes all of it back, whoever made it.
  result<void> dismantle();

private:
  result<void> follow(const std::vector<overlay_peer>& peers);
  result<void> guard(const std::vector<overlay_peer>& peers);
  result<void> unguard();

  const overlay_options own_;
  const iptables_tool rules_;
  bool is_up_ = false;
  std::vector<overlay_peer> peers_; ///< that there are entries of
};

} // namespace actord::net
