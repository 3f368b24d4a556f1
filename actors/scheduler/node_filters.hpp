#pragma once

#include "actors/scheduler/placement_state.hpp"
#include "actors/scheduler/pod_relations.hpp"

#include <string>
#include <vector>

/// Where a pod may run.

namespace actord::actors {

/// All filters at once, in their order; the reasons of the first that refuses. Empty: the pod may run there.
std::vector<std::string> refusals(const placement_state& cluster, const scheduling_pod& pod, node_slot slot,
                                  const pod_relations& relations);

/// Slots where the pod may run: the answer of `refusals`, quickly.
std::vector<node_slot> feasible_nodes(const placement_state& cluster, const scheduling_pod& pod,
                                      const pod_relations& relations);

/// spec.nodeSelector and required node affinity.
bool selects(const scheduling_pod& pod, const node_detail& node);
/// Every NoSchedule and NoExecute taint of the node.
bool tolerates_hard_taints(const scheduling_pod& pod, const node_detail& node);

} // namespace actord::actors
