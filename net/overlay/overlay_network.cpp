#include "net/overlay/overlay_network.hpp"

#include "net/cni/link_control.hpp"
#include "net/overlay/tunnel_control.hpp"

#include <chrono>
#include <utility>

namespace actord::net {
namespace {

using namespace std::chrono_literals;
constexpr auto patience = 10s;
const std::vector<std::string> search_path{
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};

result<void> must_succeed(const result<program_reply>& reply) {
  if (!reply) return reply.error();
  if (!reply->succeeded) return error{.message = "iptables failed: " + reply->error_output.substr(0, 1000)};
  return {};
}

std::vector<std::string> iptables(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"/usr/sbin/iptables", "-w", "5"});
  return arguments;
}

/// What comes for the tunnel's port, for -C, -I or -D.
std::vector<std::string> jump(const overlay_options& own, const std::string& action) {
  return iptables({action, "INPUT", "-p", "udp", "--dport", std::to_string(overlay_port), "-j",
                   overlay_filter_chain(own)});
}

} // namespace

overlay_network::overlay_network(overlay_options own, program_runner& runner)
    : own_(std::move(own)), runner_(runner) {}

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
  auto restored = must_succeed(runner_.run({"/usr/sbin/iptables-restore", "-w", "5", "--noflush"},
                                           search_path, overlay_filter(own_, peers), patience));
  if (!restored) return restored;
  const auto present = runner_.run(jump(own_, "-C"), search_path, {}, patience);
  if (!present) return present.error();
  if (present->succeeded) return {};
  return must_succeed(runner_.run(jump(own_, "-I"), search_path, {}, patience));
}

/// Each of them fails where there is nothing to take back.
result<void> overlay_network::unguard() {
  const std::string chain = overlay_filter_chain(own_);
  for (const auto& words : {jump(own_, "-D"), iptables({"-F", chain}), iptables({"-X", chain})})
    if (const auto done = runner_.run(words, search_path, {}, patience); !done) return done.error();
  return {};
}

result<void> overlay_network::dismantle() {
  if (auto deleted = delete_link(own_.device); !deleted) return deleted;
  is_up_ = false;
  peers_.clear();
  return unguard();
}

} // namespace actord::net
