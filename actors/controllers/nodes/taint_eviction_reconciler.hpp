#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/node_view.hpp"
#include "schema/view/pod_view.hpp"

#include <span>
#include <vector>

namespace actord::actors {

/// A taint of effect NoExecute and since when the node has it.
struct expelling_taint {
  schema::taint_view taint;
  wall_time since;
};

/// Those among a node's taints. One that does not say since when (node_taint_reconciler adds it) counts from
/// `now`.
std::vector<expelling_taint> expelling_taints(const schema::node_view& node, wall_time now);

/// Deletes a pod whose node has a taint NoExecute that the pod does not tolerate, at once; and one that
/// tolerates them for some seconds only, when the first of these times is over. Taking the taint away in time
/// saves the pod.
plan reconcile(const object_key& key, const seen<schema::pod_view>& pod,
               std::span<const expelling_taint> taints, wall_time now);

} // namespace actord::actors
