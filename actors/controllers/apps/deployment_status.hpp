#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/view/deployment_view.hpp"
#include "schema/view/replica_set_view.hpp"

#include <optional>
#include <string>
#include <vector>

/// status of a Deployment: counts, and the conditions Available, Progressing and ReplicaFailure.

namespace actord::actors {

struct status_input {
  const schema::deployment_view& deployment;
  std::vector<const schema::replica_set_view*> sets; ///< all it owns
  const schema::replica_set_view* newest = nullptr;  ///< null until there is one
  std::string created_name;                          ///< of the set this round creates; empty for none
  std::int64_t created_replicas = 0;
  wall_time now;
  bool rolling = true;   ///< false while paused or scaling: progress is not judged then
  bool collided = false; ///< take another hash next time
};

schema::deployment_status_view next_status(const status_input& input);

/// Every pod wanted is of the newest template and available, and no other is left.
bool is_complete(const schema::deployment_view& deployment, const schema::deployment_status_view& status);
/// When to look whether progress has stopped for too long; unset when that is no question.
std::optional<wall_time> progress_check(const schema::deployment_view& deployment,
                                        const schema::deployment_status_view& status);
/// A merge patch of the status subresource; counts of zero are left out of objects.
json status_patch(const schema::deployment_status_view& status);

} // namespace actord::actors
