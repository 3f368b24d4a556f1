#pragma once

#include "actors/controllers/apps/daemon_pods.hpp"
#include "actors/controllers/apps/replica_pod.hpp"
#include "actors/controllers/apps/revision_history.hpp"

#include <map>
#include <string>
#include <vector>

/// Keeps one pod of a DaemonSet on each node that it wants one on.
///
///     1. who is ours: adopt or release pods and revisions, and look again
///     2. the present template has a revision, the newest
///     3. node by node: make what is missing, remove what has ended, is too much, or does not belong there
///     4. exchange pods of older revisions (RollingUpdate)

namespace actord::actors {

/// `node_name` of its facts is the node it has; `target` that or, before it has one, the one it is made for.
struct daemon_pod {
  replica_pod facts;
  std::string target;
};

/// All a decision about one DaemonSet depends on.
struct daemon_set_state {
  object_key key;
  seen<schema::daemon_set_view> set;
  std::vector<seen_revision> revisions; ///< its own, and those its selector matches that nobody has
  bool revision_name_taken = false;     ///< somebody else has the name of the next one
  std::vector<daemon_pod> pods;         ///< it controls, or its selector matches and nobody controls
  std::vector<daemon_node> nodes;
  /// Why the last round's pods were refused; empty when they were not.
  std::string refusal;
  /// By node: until when a pod that failed there is left as it is.
  std::map<std::string, wall_time, std::less<>> rests;
};

plan reconcile(const daemon_set_state& state, wall_time now);

revision_owner history_owner(const schema::daemon_set_view& set);

} // namespace actord::actors
