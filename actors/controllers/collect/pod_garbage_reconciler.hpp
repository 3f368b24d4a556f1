#pragma once

#include "actors/controllers/plan.hpp"

#include <string>

namespace actord::actors {

struct pod_garbage_state {
  object_key key;
  std::string uid;
  std::string node_name; ///< empty while unscheduled
  bool node_exists = false;
  std::string phase;
  bool being_deleted = false;
  wall_time created;
};

/// Removes, without grace since no node is there to grant any: pods bound to a node that does not exist,
/// unless the pod is younger than 40 s (a node may yet register), and pods that are being deleted but never
/// had a node.
plan reconcile(const pod_garbage_state& state, wall_time now);

} // namespace actord::actors
