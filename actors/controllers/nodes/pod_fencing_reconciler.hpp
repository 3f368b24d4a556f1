#pragma once

#include "actors/controllers/plan.hpp"
#include "actors/nodes/fence/fence_terms.hpp"

#include <string>
#include <vector>

namespace actord::actors {

/// A pod that is being deleted while its node does not answer.
struct stranded_pod {
  object_key key;
  std::string uid;
  revision at;
  bool fenced = false; ///< runs once at most, and its node sees to it
  std::string node_name;
  bool node_ready = false;
  bool node_out_of_service = false; ///< by the taint that an administrator sets
  fence_verdict epoch;              ///< of the node
};

/// Takes from the API, so that another may take its place: a fenced pod once it has ended for certain, and
/// any pod of a node of which an administrator says that it is out of service. Every other stays until its
/// node comes back. A fenced pod is removed only as it was seen: a node that claimed it meanwhile keeps it.
plan reconcile(const stranded_pod& pod, steady_time now, wall_time wall_now);

/// A VolumeAttachment.
struct volume_attachment {
  object_key key;
  std::string uid;
};
/// Those to a node that is out of service and has no pods any more.
plan detach(const std::vector<volume_attachment>& attachments);

} // namespace actord::actors
