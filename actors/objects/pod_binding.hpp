#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"
#include "schema/base/result.hpp"

namespace actord::actors {

/// Places a pod on the node that a Binding names: spec.nodeName, the condition PodScheduled, and the
/// binding's labels and annotations. A pod that is bound, gated or going away is a conflict.
result<void> bind_pod(json& pod, const json& binding, wall_time now);

} // namespace actord::actors
