#pragma once

#include "actors/worker/pod_lifecycle.hpp"
#include "actors/worker/resize/pod_resizer.hpp"
#include "schema/base/json_fwd.hpp"

#include <map>
#include <string>

namespace actord::actors {

/// What the status says of a container that the runtime does not know by itself.
struct container_facts {
  std::string image_id;     ///< "sha256:..." of the image it runs
  std::string container_id; ///< "actord://ID", the scheme naming who runs it
  bool ready = false;
  /// How the attempt before the present one ended, when that is known.
  std::optional<schema::terminated_state> last_termination;
  std::string termination_message;                     ///< of the present, ended attempt
  std::optional<runtime::measured_resources> measured; ///< cpu and memory in force, while it runs
};

struct status_facts {
  std::string host_ip;
  wall_time start_time; ///< when this node first saw the pod
  std::map<std::string, container_facts> containers;
  std::optional<runtime::measured_resources> measured; ///< of the pod as a whole
};

/// The status subresource of the pod as this node reports it: phase, conditions (those of others are left
/// out, they are merged by type), addresses, container statuses. Times of conditions are kept from
/// `pod.status` while their status does not change.
json pod_status(const schema::pod_view& pod, const pod_observation& seen, const pod_plan& plan,
                const status_facts& facts, const pod_resizer& amounts, wall_time now);

/// What the lifecycle needs of a pod's specification.
pod_intent intent_of(const schema::pod_view& pod);

} // namespace actord::actors
