#pragma once

#include "actors/scheduler/node_refusal.hpp"
#include "actors/scheduler/placement_state.hpp"
#include "actors/scheduler/pod_relations.hpp"

#include <optional>
#include <vector>

/// Where a pod may run.

namespace actord::actors {

/// All filters in their order; the reasons of the first that refuses. Empty: the pod may run there. Counts
/// pods nominated to the node as `node_trial` does. `relations` is left as it was.
node_refusals refusals(const placement_state& cluster, const scheduling_pod& pod, node_slot slot,
                       pod_relations& relations);

/// Of the only nodes that the pod names (`only_nodes`, which must be set), those there are; sorted.
std::vector<node_slot> named_nodes(const placement_state& cluster, const scheduling_pod& pod);

/// Slots where the pod may run, sorted: the answer of `refusals`, quickly.
std::vector<node_slot> feasible_nodes(const placement_state& cluster, const scheduling_pod& pod,
                                      pod_relations& relations);

/// What is asked of the node whatever runs there: unset when it may be asked for room.
std::optional<refusal> standing_refusal(const scheduling_pod& pod, const node_detail& node);
/// spec.nodeSelector and required node affinity.
bool selects(const scheduling_pod& pod, const node_detail& node);
/// Every NoSchedule and NoExecute taint of the node.
bool tolerates_hard_taints(const scheduling_pod& pod, const node_detail& node);

} // namespace actord::actors
