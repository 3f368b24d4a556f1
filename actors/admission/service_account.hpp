#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <functional>
#include <optional>
#include <string_view>

namespace actord::actors {

/// The ServiceAccount object of the pod's namespace. Only what is looked at need be in it.
using account_lookup = std::function<std::optional<json>(std::string_view name)>;

bool is_mirror_pod(const json& pod);

/// Names the service account, which must exist, and mounts its token, the CA and the namespace name below
/// /var/run/secrets/kubernetes.io/serviceaccount in every container that mounts nothing there itself. A
/// mirror pod, whose truth is a file on its node, has no account and may use no secrets.
result<void> attach_service_account(json& pod, std::string_view space, const account_lookup& find,
                                    random_source& random);

/// An account that says so (annotation kubernetes.io/enforce-mountable-secrets) lets its pods use only the
/// secrets it lists. `ephemeral`: only what an update of the ephemeral containers may have brought.
result<void> check_secret_references(const json& pod, std::string_view space, const account_lookup& find,
                                     bool ephemeral);

} // namespace actord::actors
