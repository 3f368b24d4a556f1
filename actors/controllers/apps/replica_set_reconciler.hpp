#pragma once

#include "actors/controllers/apps/replica_pod.hpp"
#include "actors/controllers/plan.hpp"
#include "schema/view/replica_set_view.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Keeps as many pods of one template alive as a ReplicaSet asks for.

namespace actord::actors {

struct replica_set_state {
  object_key key;
  seen<schema::replica_set_view> set;
  /// Pods it controls and pods its selector matches that nobody controls.
  std::vector<replica_pod> pods;
  /// Why the last round's pods were refused; empty when they were not.
  std::string refusal;
};

plan reconcile(const replica_set_state& state, wall_time now);

/// Whether the pod should go before the other when there are too many. A strict weak order: unassigned,
/// pending, not ready, cheap, crowded (`neighbours`: ready siblings on its node), lately ready, often
/// restarted and young go first.
bool goes_before(const replica_pod& pod, std::size_t neighbours, const replica_pod& other,
                 std::size_t other_neighbours, wall_time now);

} // namespace actord::actors
