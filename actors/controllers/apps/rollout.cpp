#include "actors/controllers/apps/rollout.hpp"

#include <algorithm>
#include <cmath>

namespace actord::actors {

namespace {

std::int64_t total_of(const std::vector<set_size>& sets, std::int64_t set_size::* what) {
  std::int64_t sum = 0;
  for (const auto& set : sets) sum += set.*what;
  return sum;
}

std::vector<set_size*> oldest_first(std::vector<set_size>& sets) {
  std::vector<set_size*> order;
  for (auto& set : sets)
    if (!set.newest && set.replicas > 0) order.push_back(&set);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* left, const auto* right) { return left->created < right->created; });
  return order;
}

/// Two kinds of pods of older sets may go, the useless ones first:
///  - unavailable ones, as many as leave `floor` pods even if every unavailable new pod stays so;
///  - available ones above the floor.
/// Example: 10 wanted, floor 8, old 8 (all available), new 5 (none available): 13 - 8 - 5 = 0, nothing may
/// go.
void shrink_older(std::vector<set_size>& sets, const set_size& newest, std::int64_t floor) {
  std::int64_t may_go = total_of(sets, &set_size::replicas) - floor - (newest.replicas - newest.available);
  if (may_go <= 0) return;
  const auto order = oldest_first(sets);
  for (set_size* const set : order) {
    const std::int64_t useless = std::clamp<std::int64_t>(set->replicas - set->available, 0, may_go);
    set->target -= useless;
    may_go -= useless;
  }
  std::int64_t spare = total_of(sets, &set_size::available) - floor;
  for (set_size* const set : order) {
    const std::int64_t going = std::clamp<std::int64_t>(std::min(set->target, spare), 0, set->target);
    set->target -= going;
    spare -= going;
  }
}

/// What of `change` falls to this set: its size relative to what the whole was allowed before, rounded to
/// nearest.
std::int64_t share_of(const set_size& set, const rollout_goal& goal) {
  if (goal.replicas == 0) return -set.replicas;
  const std::int64_t before = set.max_before > 0 ? set.max_before : goal.status_replicas;
  if (before == 0) return 0;
  const double scaled =
      static_cast<double>(set.replicas * (goal.replicas + goal.bounds.surge)) / static_cast<double>(before);
  return static_cast<std::int64_t>(std::llround(scaled)) - set.replicas;
}

} // namespace

std::int64_t first_size(const std::vector<set_size>& others, const rollout_goal& goal) {
  const std::int64_t room = goal.replicas + goal.bounds.surge - total_of(others, &set_size::replicas);
  return std::clamp<std::int64_t>(room, 0, goal.replicas);
}

void roll(std::vector<set_size>& sets, const rollout_goal& goal) {
  const auto newest = std::find_if(sets.begin(), sets.end(), [](const auto& set) { return set.newest; });
  if (newest == sets.end()) return;
  if (newest->replicas > goal.replicas) {
    newest->target = goal.replicas;
    return;
  }
  const std::int64_t room = goal.replicas + goal.bounds.surge - total_of(sets, &set_size::replicas);
  if (room > 0 && newest->replicas < goal.replicas) {
    newest->target = newest->replicas + std::min(room, goal.replicas - newest->replicas);
    return;
  }
  shrink_older(sets, *newest, goal.replicas - goal.bounds.unavailable);
}

void scale_in_proportion(std::vector<set_size>& sets, const rollout_goal& goal) {
  std::vector<set_size*> active;
  for (auto& set : sets)
    if (set.replicas > 0) active.push_back(&set);
  if (active.empty()) return;
  const std::int64_t allowed = goal.replicas > 0 ? goal.replicas + goal.bounds.surge : 0;
  const std::int64_t change = allowed - total_of(sets, &set_size::replicas);
  if (change == 0) return;
  // The largest first; of equal ones the newer grows first and the older shrinks first.
  std::stable_sort(active.begin(), active.end(), [&](const auto* left, const auto* right) {
    if (left->replicas != right->replicas) return left->replicas > right->replicas;
    return change > 0 ? left->created > right->created : left->created < right->created;
  });
  std::int64_t left = change;
  for (set_size* const set : active) {
    const std::int64_t share = change > 0 ? std::clamp<std::int64_t>(share_of(*set, goal), 0, left)
                                          : std::clamp<std::int64_t>(share_of(*set, goal), left, 0);
    set->target = set->replicas + share;
    left -= share;
  }
  active.front()->target = std::max<std::int64_t>(0, active.front()->target + left);
}

} // namespace actord::actors
