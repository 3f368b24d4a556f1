#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// What admission adds to pods: pure functions from the pod, and what was looked up for it, to the pod.

namespace actord::actors {

/// The parts of a PriorityClass that a pod takes over.
struct priority_class {
  std::string name;
  std::int64_t value = 0;
  std::string preemption_policy = "PreemptLowerPriority";
};

/// By name; an empty name asks for the global default.
using priority_lookup = std::function<std::optional<priority_class>(std::string_view name)>;
/// The ServiceAccount object of the pod's namespace.
using account_lookup = std::function<std::optional<json>(std::string_view name)>;

/// Five minutes on a node that is lost, unless the pod says something about that itself.
void add_default_tolerations(json& pod);

/// Resolves spec.priorityClassName. Errors say why the pod is forbidden, without naming it.
result<void> assign_priority(json& pod, const priority_lookup& find);

/// Names the service account, which must exist, and mounts its token, the CA and the namespace name below
/// /var/run/secrets/kubernetes.io/serviceaccount in every container that mounts nothing there itself.
/// Errors say why the pod is forbidden, without naming it.
result<void> attach_service_account(json& pod, std::string_view space, const account_lookup& find,
                                    random_source& random);

} // namespace actord::actors
