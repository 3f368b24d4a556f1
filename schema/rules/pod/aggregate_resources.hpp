#pragma once

#include "schema/base/json_fwd.hpp"

namespace actord::schema::rules {

/// What the containers of a pod ask for together: regular ones and sidecars run side by side; an init
/// container runs beside the sidecars started before it. Objects of resource name to quantity.
json aggregate_requests(const json& pod_spec);
json aggregate_limits(const json& pod_spec);

} // namespace actord::schema::rules
