#pragma once

#include "actors/api/api_request.hpp"

namespace actord::actors {

class token_authority;

/// What those need who check service-account tokens themselves: who issues them, and the keys.
///   /.well-known/openid-configuration   /openid/v1/jwks
bool is_issuer_path(std::string_view path);
void serve_issuer(const token_authority& tokens, const std::string& advertised_address,
                  const request_handle& request);

} // namespace actord::actors
