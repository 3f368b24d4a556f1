#pragma once

#include "actors/aggregation/extension_documents.hpp"
#include "actors/api/api_request.hpp"

namespace actord::actors {

/// /api, /apis and below: what this server serves. `advertised_address` is where clients in its network reach
/// it; `extensions`: what others add.
void serve_discovery(const discovery_route& document, const std::string& advertised_address,
                     const request_handle& request, const extension_list& extensions);
void serve_version(const request_handle& request);
/// The paths there are, for "/".
void serve_path_list(const request_handle& request);
/// /openapi/v2 and /openapi/v3/...
void serve_openapi(const request_handle& request, std::string_view path, const extension_list& extensions);

} // namespace actord::actors
