#pragma once

#include "actors/api/access/review_admission.hpp"
#include "actors/api/api_request.hpp"

namespace actord::storage {
class store;
}

namespace actord::actors {

class token_authority;

/// POST serviceaccounts/x/token: a signed token of limited life, if nobody who is asked objects. Store and
/// authority must outlive that.
void serve_token_request(storage::store& store, const token_authority& tokens,
                         const review_admission& admission, const request_handle& request);

} // namespace actord::actors
