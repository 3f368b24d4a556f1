#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/budget_view.hpp"

#include <optional>
#include <string>
#include <vector>

/// Keeps the numbers of a PodDisruptionBudget that evictions are granted by.

namespace actord::actors {

struct budget_pod {
  std::string name;
  bool ready = false;
  bool being_deleted = false;
  /// uid of what keeps up the number of its kind (a Deployment rather than its ReplicaSet), and that number;
  /// empty for a pod of its own.
  std::string scaled_by;
  std::int64_t scale = 0;
  /// It has a controller whose scale nobody knows.
  bool scale_unknown = false;
};

struct budget_state {
  object_key key;
  seen<schema::budget_view> budget;
  std::vector<budget_pod> pods; ///< those it selects
};

plan reconcile(const budget_state& state, wall_time now);

} // namespace actord::actors
