#pragma once

#include "actors/controllers/apps/replica_pod.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// How a DaemonSet's pods are exchanged for those of a new template.

namespace actord::actors {

/// A node with the set's pods that are not being deleted; null where there is none.
struct daemon_place {
  std::string node;
  const replica_pod* present = nullptr; ///< of the newest revision
  const replica_pod* old = nullptr;
  bool crowded = false; ///< more than one of either: to be cleared up first
  bool wanted = false;  ///< the set wants a pod here
  bool present_available = false;
  bool old_available = false;
};

struct daemon_step {
  std::vector<const replica_pod*> remove;
  std::vector<std::string> create_on; ///< nodes
};

/// Old pods go first, as long as at most so many nodes are without an available pod; those that are not
/// available anyhow go at once.
daemon_step replace_in_place(const std::vector<daemon_place>& places, std::int64_t max_unavailable);
/// New pods come first, on so many nodes at a time, and old ones go when theirs are available. An available
/// one on a node that is no longer wanted goes when there are more than `desired` available.
daemon_step replace_beside(const std::vector<daemon_place>& places, std::int64_t max_surge,
                           std::int64_t desired);

} // namespace actord::actors
