#include "actors/flow/request_cost.hpp"

#include "storage/store.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

constexpr std::uint64_t objects_per_seat = 100;
constexpr std::uint64_t watchers_per_seat = 16;
constexpr std::size_t body_bytes_per_seat = 256 * 1024;
/// An index finds the objects that a selector names, in most cases.
constexpr std::uint64_t selecting_is_cheaper_by = 8;
constexpr std::uint64_t seats_max = 1000;
/// About 0.5 ms of a core.
constexpr std::uint64_t heavy_objects = 300;

constexpr std::chrono::seconds count_life{5};
constexpr std::size_t counts_max = 10'000;

} // namespace

request_cost cost_of(const cost_facts& facts) {
  std::uint64_t objects = facts.limit == 0 ? facts.objects : std::min(facts.objects, facts.limit);
  if (facts.selects) objects /= selecting_is_cheaper_by;
  const std::uint64_t seats = 1 + (objects > 0 ? (objects - 1) / objects_per_seat : 0) +
                              facts.watchers / watchers_per_seat + facts.body_bytes / body_bytes_per_seat;
  return {static_cast<std::uint32_t>(std::min(seats, seats_max)),
          facts.verb == "list" && facts.objects > heavy_objects};
}

std::uint64_t object_counts::count(resource_id resource, const std::string& space) {
  const steady_time now = clock_.steady_now();
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find({resource, space});
    if (found != known_.end() && now - found->second.at < count_life) return found->second.count;
  }
  std::uint64_t count = 0;
  store_.read()->scan(resource, space, [&count](std::string_view) { return ++count < counted_max; });
  const std::lock_guard lock(mutex_);
  if (known_.size() >= counts_max) known_.clear();
  known_[{resource, space}] = {count, now};
  return count;
}

} // namespace actord::actors
