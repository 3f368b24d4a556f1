#pragma once

#include "actors/controllers/nodes/life_board.hpp"
#include "actors/controllers/plan.hpp"
#include "schema/view/node_view.hpp"

#include <string>
#include <vector>

namespace actord::actors {

/// A pod of the node that says that it is ready.
struct ready_pod {
  object_key key;
  std::string uid;
  std::vector<schema::condition_view> conditions;
};

struct node_life_state {
  object_key key;
  seen<schema::node_view> node;
  life_verdict life;
  std::vector<ready_pod> pods; ///< read only for a node that is lost
};

/// A node that is not heard from: its conditions become Unknown and its pods not ready, so that no Service
/// leads to them. What follows from that (taints, eviction) others decide; that it lives again the node says
/// itself.
plan reconcile(const node_life_state& state, steady_time now, wall_time wall_now);

} // namespace actord::actors
