#pragma once

#include "actors/api/request_route.hpp"
#include "actors/worker/node_services.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <string_view>

namespace actord::actors {

/// The options of pods/x/log (PodLogOptions); those of the wrong form are refused with 400, those that make
/// no sense with 422, in Kubernetes' words. Pod and container are the caller's to fill in.
result<log_request> read_log_options(std::string_view pod, const query_values& query, wall_time now);

} // namespace actord::actors
