#pragma once

#include "actors/scheduler/scheduling_pod.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

namespace actord::actors {

/// Pods that wait for a node. The highest priority first, then the longest waiting.
///
///           put                 next
///   ──────────────▶ ready ──────────────▶ (decided)
///                     ▲  ▲                   │ cannot be placed
///            retry_all│  │ its time came     ▼
///                     └──┴── set aside, with a time before which it is not tried again (1 s, 2 s, ... 10 s)
///
/// A pod that is held stays aside whatever happens until it is released: others are still being told to make
/// room for it.
class scheduling_queue {
public:
  struct item {
    std::shared_ptr<const scheduling_pod> pod;
    revision at; ///< of the event that made it wait
    int attempts = 0;
  };

  /// New or changed; a changed pod is tried at once.
  void put(std::shared_ptr<const scheduling_pod> pod, revision at);
  void remove(std::string_view uid);
  [[nodiscard]] std::optional<item> next();
  /// It could not be placed: wait until something helps.
  void set_aside(item what, steady_time now);
  /// A pod that was set aside. What happens meanwhile counts once it is released.
  void hold(std::string_view uid);
  void release(std::string_view uid);
  /// What a pod that was set aside waited for has come: it is ready whatever its time.
  void hurry(std::string_view uid);
  /// Something happened that could help any pod that was set aside.
  void retry_all() { moved_ = true; }
  /// Moves what may be tried again to ready; the time to ask again when some must still wait.
  std::optional<steady_time> tick(steady_time now);

  [[nodiscard]] std::size_t ready() const { return ready_.size(); }
  [[nodiscard]] std::size_t waiting() const { return aside_.size(); }
  /// A pod that was set aside has wishes about how pods spread: their number matters, not only their room.
  [[nodiscard]] bool some_wait_to_spread() const { return spreading_ > 0; }
  [[nodiscard]] bool knows(std::string_view uid) const;

private:
  struct order {
    std::int64_t priority;
    std::uint64_t turn;
    auto operator<=>(const order& other) const {
      return std::tie(other.priority, turn) <=> std::tie(priority, other.turn);
    }
    bool operator==(const order&) const = default;
  };
  struct set_aside_item {
    item what;
    steady_time not_before;
    bool held = false;
    bool missed = false; ///< something happened while it was held
  };

  using aside_map = std::map<std::string, set_aside_item, std::less<>>;

  void make_ready(item what);
  item take(aside_map::iterator entry);

  std::map<order, item> ready_;
  std::map<std::string, order, std::less<>> ready_order_; ///< by uid
  aside_map aside_;                                       ///< by uid
  std::size_t spreading_ = 0;                             ///< of those
  std::uint64_t turn_ = 0;
  bool moved_ = false; ///< since the last tick that found all back-offs over
};

} // namespace actord::actors
