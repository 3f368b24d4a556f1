#pragma once

#include "actors/api/api_request.hpp"

namespace actord::actors {

/// /api, /apis and below: what this server serves. `advertised_address` is where clients in its network reach
/// it.
void serve_discovery(const discovery_route& document, const std::string& advertised_address,
                     const request_handle& request);
void serve_version(const request_handle& request);
/// The paths there are, for "/".
void serve_path_list(const request_handle& request);
/// /openapi/v2 and /openapi/v3/...
void serve_openapi(const request_handle& request, std::string_view path);

} // namespace actord::actors
