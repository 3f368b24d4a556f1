#pragma once

#include "actors/scheduler/placement_state.hpp"
#include "actors/scheduler/pod_relations.hpp"

#include <vector>

namespace actord::actors {

/// How good each of the nodes is for the pod, higher is better: parallel to `nodes`. The sum of what the
/// default profile weighs: least allocated and balanced (1 each), tolerated soft taints (3), preferred node
/// affinity (2), preferred pod affinity (2), spread of siblings and of soft constraints (2), images that are
/// there (1), each from 0 to 100.
std::vector<double> score_nodes(const placement_state& cluster, const scheduling_pod& pod,
                                const pod_relations& relations, const std::vector<node_slot>& nodes);

} // namespace actord::actors
