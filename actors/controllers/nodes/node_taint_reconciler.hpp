#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/node_view.hpp"

namespace actord::actors {

/// How all nodes are.
struct node_census {
  std::size_t ready = 0;
  std::size_t others = 0;
};

/// Whether nodes that are lost may lose their pods. When all are lost, or more than half of a cluster of up
/// to 50 and at least three, it is more likely the network than the nodes: then pods stay where they are.
bool expels_from_lost_nodes(const node_census& nodes);

/// Taints that say what the node's conditions and spec.unschedulable say: not-ready, unreachable (which also
/// expel, effect NoExecute, where `expels`), unschedulable, memory, disk and process pressure, no network.
/// Other taints stay as they are; one of effect NoExecute that does not say since when it is there is told.
plan reconcile(const object_key& key, const seen<schema::node_view>& node, bool expels, wall_time now);

} // namespace actord::actors
