#pragma once

#include "actors/controllers/plan.hpp"
#include "actors/nodes/fence/fence_terms.hpp"

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
  bool fenced = false;      ///< runs once at most
  fence_verdict epoch = {}; ///< of its node, which may be there without a Node object
  revision at = {};
};

/// Removes, without grace since no node is there to grant any: pods bound to a node that does not exist,
/// unless the pod is younger than 40 s (a node may yet register), and pods that are being deleted but never
/// had a node. A fenced pod is told to end, and goes when its node says that it has, or has for certain.
plan reconcile(const pod_garbage_state& state, steady_time now, wall_time wall_now);

} // namespace actord::actors
