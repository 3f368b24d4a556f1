#include "net/overlay/overlay_network.hpp"

#include "net/cni/link_control.hpp"
#include "net/overlay/tunnel_control.hpp"

#include <utility>

namespace actord::net {
namespace {

/// What comes for the tunnel's port leads to our chain. The action is the first word.
std::vector<std::string> jump(const overlay_options& own, const std::string& action) {
  return {
      action, "INPUT", "-p", "udp", "--dport", std::to_string(overlay_port), "-j", overlay_filter_chain(own)};
}

} // namespace

overlay_network::overlay_network(overlay_options own, program_runner& runner)
    : own_(std::move(own)), rules_(runner) {}

result<void> overlay_network::apply(std::vector<overlay_peer> peers) {
  peers = sound_peers(own_, std::move(peers));
  if (peers.empty()) return is_up_ || has_tunnel(own_.device) ? dismantle() : result<void>();
  // Who may speak is said before anybody can be heard.
  if (peers != peers_ || !is_up_)
    if (auto guarded = guard(peers); !guarded) return guarded;
  if (!is_up_) {
    if (auto created = create_tunnel(own_); !created) return created;
    is_up_ = true;
    peers_.clear();
  }
  return follow(peers);
}

result<void> overlay_network::follow(const std::vector<overlay_peer>& peers) {
  const overlay_change change = compare(peers_, peers);
  for (const overlay_peer& each : change.remove) {
    if (auto removed = remove_tunnel_peer(own_.device, each); !removed) return removed;
    std::erase(peers_, each);
  }
  for (const overlay_peer& each : change.add) {
    if (auto added = add_tunnel_peer(own_.device, each); !added) return added;
    peers_.push_back(each);
  }
  peers_ = peers;
  return {};
}

result<void> overlay_network::guard(const std::vector<overlay_peer>& peers) {
  if (auto loaded = rules_.load(overlay_filter(own_, peers)); !loaded) return loaded;
  return rules_.ensure(jump(own_, "-I"), 0);
}

/// Each of them fails where there is nothing to take back.
result<void> overlay_network::unguard() {
  const std::string chain = overlay_filter_chain(own_);
  for (const auto& words : {jump(own_, "-D"), {"-F", chain}, {"-X", chain}})
    if (const auto done = rules_.run(words); !done) return done.error();
  return {};
}

result<void> overlay_network::dismantle() {
  if (auto deleted = delete_link(own_.device); !deleted) return deleted;
  is_up_ = false;
  peers_.clear();
  return unguard();
}

} // namespace actord::net
