#pragma once

#include "schema/base/clock.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace actord::actors {

/// How long to leave pods that end again and again as they are: after each end twice as long as after the one
/// before, and at once again after a while of quiet. In memory: a new leader begins anew. From any thread.
class failure_rests {
public:
  failure_rests(std::chrono::seconds first, std::chrono::seconds longest)
      : first_(first), longest_(longest) {}

  /// `place` is what stays the same from one pod to the next: the owner's uid and the pod's name or node.
  void note(const std::string& place, wall_time now);
  /// When the rest after the last end is over; unset when it is.
  [[nodiscard]] std::optional<wall_time> until(const std::string& place, wall_time now) const;

private:
  struct rest {
    wall_time began;
    std::chrono::seconds length{};
  };

  [[nodiscard]] bool is_quiet(const rest& one, wall_time now) const { return now - one.began > 2 * longest_; }

  const std::chrono::seconds first_;
  const std::chrono::seconds longest_;
  mutable std::mutex mutex_;
  std::map<std::string, rest> rests_;
};

} // namespace actord::actors
