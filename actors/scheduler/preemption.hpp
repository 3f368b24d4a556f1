#pragma once

#include "actors/scheduler/place.hpp"
#include "actors/scheduler/victims.hpp"

#include <cstdint>
#include <optional>
#include <string>

/// Whose end makes room for a pod that fits nowhere: a pure function of the picture of the cluster.

namespace actord::actors {

struct preemption {
  /// The node nominated to the pod, and who has to leave it (some may be leaving already). Else `reason`.
  std::optional<std::string> node;
  pod_list leave; ///< the most important first
  /// Why nobody is preempted, as it follows "preemption: " in messages.
  std::string reason;
  /// An earlier nomination stays, since the pod may not preempt (again): only wait.
  bool keeps_nomination = false;
};

/// `refused` is what `place` answered for the pod just now. Looks at candidates from a place in the list of
/// nodes that `start` (any number) says, until it has seen a tenth of those that could help or a hundred,
/// whichever is more. The best of them: fewest violated budgets; then the lowest of the highest priorities;
/// then the lowest sum of priorities; then the fewest; then where the longest running of the highest priority
/// started last; then the first.
preemption preempt(const placement_state& cluster, const scheduling_pod& pod, const placement& refused,
                   const budget_book& budgets, std::uint64_t start, pod_relations& relations);

/// Pods that preemption ordered away for a pod like this are still on the node.
bool room_is_being_made(const placement_state& cluster, const scheduling_pod& pod, node_slot slot);

} // namespace actord::actors
