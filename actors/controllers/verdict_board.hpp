#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace actord::actors {

/// The latest verdict of each decision maker about each object, for people who ask why. Bounded: the oldest
/// are forgotten first. Callable from any thread.
class verdict_board {
public:
  struct verdict {
    std::string by; ///< "deployment-controller"
    std::string text;
    wall_time when;
    revision seen; ///< state of the cluster it was based on
  };

  void note(const object_key& about, verdict what);
  /// All verdicts about one object, one per decision maker.
  [[nodiscard]] std::vector<verdict> about(const object_key& key) const;

private:
  static constexpr std::size_t most_objects = 20'000;

  mutable std::mutex mutex_;
  std::unordered_map<object_key, std::vector<verdict>> verdicts_;
  std::deque<object_key> order_; ///< as first noted; one entry per object in `verdicts_`
};

} // namespace actord::actors
