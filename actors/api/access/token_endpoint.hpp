#pragma once

#include "actors/api/api_request.hpp"

namespace actord::storage {
class store;
}

namespace actord::actors {

class token_authority;

/// POST serviceaccounts/x/token: a signed token of limited life.
void serve_token_request(storage::store& store, const token_authority& tokens, const request_handle& request);

} // namespace actord::actors
