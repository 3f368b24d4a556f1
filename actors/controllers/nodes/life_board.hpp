#pragma once

#include "schema/base/clock.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace actord::actors {

/// What is known of one node's life, on the monotonic clock of the server that leads.
struct life_signs {
  /// When it was last heard from: its connection, or a Lease or status that was not as before.
  steady_time heard{};
  bool connected = false;  ///< it speaks with this server right now
  bool has_spoken = false; ///< it has, since this server leads: then silence counts sooner
};

struct life_verdict {
  bool alive = true;
  /// When silence from now on would change the verdict; unset while the node is connected, or silent.
  std::optional<steady_time> look_again = {};

  bool operator==(const life_verdict&) const = default;
};

/// A node that has spoken with this server is silent for 2.8 s before it counts as lost (so that it shows as
/// not ready within 3 s), any other for 50 s (what Kubernetes gives a kubelet).
life_verdict judge(const life_signs& signs, steady_time now);

/// Where signs of life are gathered. Any thread.
class life_board {
public:
  /// This server begins to lead: what it heard while others did says nothing of who fell silent meanwhile, so
  /// each node has all of its time.
  void begin(steady_time now);
  /// Called after each connection that came or went, without a lock held.
  void on_change(std::function<void(const std::string& node)> changed);

  void connected(const std::string& node, steady_time now);
  /// `heard`: the last byte of it.
  void gone(const std::string& node, steady_time heard);
  /// What the node wrote of itself (the times in its Lease and its conditions); another text than before is a
  /// sign.
  life_signs observe(const std::string& node, std::string_view written, steady_time now);

private:
  struct row {
    life_signs signs;
    std::string written;
  };
  void change(const std::string& node, bool connected, steady_time heard);

  std::mutex mutex_;
  std::map<std::string, row, std::less<>> rows_;
  std::function<void(const std::string&)> changed_;
};

} // namespace actord::actors
