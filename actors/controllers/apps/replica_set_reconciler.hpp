#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/replica_set_view.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Keeps as many pods of one template alive as a ReplicaSet asks for.

namespace actord::actors {

/// A pod as its ReplicaSet counts it: facts of the envelope, and details of the text only where a decision
/// needs them
/// (`has_details`): when pods must be ranked for deletion or have to stay ready for a while.
struct replica_pod {
  schema::meta_view meta; ///< name, uid, labels, owners, created, deletion; the rest only with details
  revision at;
  std::string node_name;
  std::string phase;
  bool ready = false;
  bool has_details = false;
  std::optional<wall_time> ready_since;
  std::int64_t deletion_cost = 0; ///< annotation controller.kubernetes.io/pod-deletion-cost
  std::int64_t restarts = 0;      ///< most restarts of one container

  [[nodiscard]] bool finished() const { return phase == "Succeeded" || phase == "Failed"; }
  [[nodiscard]] bool active() const { return !finished() && !meta.being_deleted(); }
};

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
