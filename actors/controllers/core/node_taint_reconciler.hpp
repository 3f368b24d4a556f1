#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/node_view.hpp"

namespace actord::actors {

/// Taints that say what the node's conditions and spec.unschedulable say: not-ready, unreachable,
/// unschedulable, memory, disk and process pressure, no network. Other taints stay as they are.
plan reconcile(const object_key& key, const seen<schema::node_view>& node, wall_time now);

} // namespace actord::actors
