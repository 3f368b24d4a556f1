#pragma once

#include "actors/controllers/plan.hpp"
#include "schema/view/deployment_view.hpp"
#include "schema/view/replica_set_view.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// Turns a Deployment into ReplicaSets: one per pod template, the newest growing while the older ones shrink.

namespace actord::actors {

/// All a decision about one Deployment depends on.
struct deployment_state {
  object_key key;
  seen<schema::deployment_view> deployment;
  /// ReplicaSets it owns and those its selector matches that nobody owns.
  std::vector<seen<schema::replica_set_view>> sets;
  /// Somebody else's ReplicaSet has the name the next one would get.
  bool name_taken = false;
  /// Pods of sets with another template that have not ended: what a Recreate waits for.
  bool old_pods_live = false;
};

plan reconcile(const deployment_state& state, wall_time now);

/// maxSurge and maxUnavailable as numbers of pods for a Deployment's size. Both are never 0: nothing could
/// move.
struct rollout_bounds {
  std::int64_t surge = 0;
  std::int64_t unavailable = 0;

  bool operator==(const rollout_bounds&) const = default;
};
rollout_bounds bounds_of(const schema::deployment_view& deployment);

/// The label value (and name suffix) that tells one template's pods from another's.
std::string template_hash(const schema::deployment_view& deployment);
std::string replica_set_name(const schema::deployment_view& deployment);
/// Same pods but for the hash label that we added.
bool same_template(const schema::pod_template_view& of_deployment, const schema::pod_template_view& of_set);

} // namespace actord::actors
