#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

namespace actord::actors {

/// Gives the containers of a pod the limits and requests that a LimitRange names as usual where they name
/// none, and notes in the annotation kubernetes.io/limit-ranger what it gave to whom.
void set_usual_limits(json& pod, const json& range);

/// Whether a pod, its containers and init containers stay within the range.
result<void> check_pod_limits(const json& pod, const json& range);
/// Whether a claim asks for no less and no more storage than the range allows.
result<void> check_claim_limits(const json& claim, const json& range);

} // namespace actord::actors
