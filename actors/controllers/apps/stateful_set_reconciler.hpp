#pragma once

#include "actors/controllers/apps/replica_pod.hpp"
#include "actors/controllers/apps/revision_history.hpp"
#include "schema/view/workloads/stateful_set_view.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

/// Keeps the pods of a StatefulSet: each with a name and claims of its own, one after the other.
///
///     1. who is ours: adopt or release pods and revisions, and look again
///     2. the present template has a revision, the newest
///     3. ordinals from the first to the last: make what is missing, replace what has ended. Where order
///     counts
///        (OrderedReady), the first that is not available ends the round
///     4. pods beyond them go, from the last to the first
///     5. pods of another revision go, from the last to the partition (RollingUpdate)
///
/// A pod is only ever made when none of its name is there: for one on a lost node that is when the API lets
/// go of it (actors/nodes/fence).

namespace actord::actors {

/// All a decision about one StatefulSet depends on.
struct stateful_set_state {
  object_key key;
  seen<schema::stateful_set_view> set;
  /// Its own, and those its selector matches that nobody has.
  std::vector<seen_revision> revisions;
  /// Somebody else's revision, or one of ours for another template, has the name of the next one.
  bool revision_name_taken = false;
  /// Pods it controls, and those its selector matches that nobody controls.
  std::vector<replica_pod> pods;
  /// By name: claims that exist of the pods there are and of those `missing_ordinals` tells.
  std::map<std::string, seen<schema::meta_view>, std::less<>> claims;
  /// Names of missing pods that are somebody else's.
  std::set<std::string, std::less<>> taken;
  /// Why the last round's pods were refused; empty when they were not.
  std::string refusal;
  /// Until when a pod that ended is left as it is: pods that end time and again are not replaced at once.
  std::map<std::string, wall_time, std::less<>> rests;
};

plan reconcile(const stateful_set_state& state, wall_time now);

/// The lowest ordinals without a pod, at most as many as one round would make.
std::vector<std::int64_t> missing_ordinals(const schema::stateful_set_view& set,
                                           const std::vector<replica_pod>& pods);
revision_owner history_owner(const schema::stateful_set_view& set);

} // namespace actord::actors
