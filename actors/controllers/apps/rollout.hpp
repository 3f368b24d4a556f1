#pragma once

#include "actors/controllers/apps/deployment_reconciler.hpp"

#include <cstdint>
#include <vector>

/// How many pods each ReplicaSet of a Deployment shall have next: arithmetic, apart from objects and patches.

namespace actord::actors {

/// One ReplicaSet as the arithmetic sees it; `target` starts as `replicas` and is what the functions change.
struct set_size {
  std::int64_t replicas = 0;   ///< spec.replicas
  std::int64_t available = 0;  ///< pods that count as available
  std::int64_t max_before = 0; ///< annotation max-replicas, 0 when missing
  wall_time created;
  bool newest = false; ///< has the Deployment's template
  std::int64_t target = 0;
};

struct rollout_goal {
  std::int64_t replicas = 0;
  rollout_bounds bounds;
  std::int64_t status_replicas =
      0; ///< pods there were at the last round, where a set's own record is missing
};

/// Size of a ReplicaSet that is about to be created for a rolling update.
std::int64_t first_size(const std::vector<set_size>& others, const rollout_goal& goal);
/// One step of a rolling update: grow the newest, else shrink the older ones as far as availability allows.
void roll(std::vector<set_size>& sets, const rollout_goal& goal);
/// Spreads a change of size over all sets in proportion, so that a rollout in progress keeps its shape.
void scale_in_proportion(std::vector<set_size>& sets, const rollout_goal& goal);

} // namespace actord::actors
