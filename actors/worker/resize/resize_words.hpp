#pragma once

#include "actors/worker/resize/pod_resizer.hpp"
#include "schema/base/json.hpp"

/// What a pod's status and Events say of its amounts.

namespace actord::actors {

/// {"initContainers":[...],"containers":[{"name":"c","resources":{...}}],"generation":2,"error":"..."} in the
/// order of the specification.
std::string resize_summary(const schema::pod_view& pod, const pod_resources& resources,
                           std::int64_t generation, const std::string& trouble);

/// resources of a container's status: what was set aside, and of what runs what the kernel has in force.
/// Amounts so small that the kernel keeps them no apart are shown as set aside.
json amounts_in_force(const amount_texts& allocated, const resize_record::in_force* actuated,
                      const std::optional<runtime::measured_resources>& measured);

/// Conditions PodResizePending and PodResizeInProgress, those that hold.
json resize_conditions(const schema::pod_view& pod, const pod_resizer& resizer, wall_time now);

/// status.resources and status.allocatedResources: of the pod as a whole.
struct whole_amounts {
  json resources;
  json allocated;
};
whole_amounts amounts_of_pod(const schema::pod_view& pod,
                             const std::optional<runtime::measured_resources>& measured);

} // namespace actord::actors
