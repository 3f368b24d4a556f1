#pragma once

#include "actors/api/api_request.hpp"
#include "actors/api/authentication.hpp"

namespace actord::actors {

/// Kinds that are questions, answered at once and never stored: SelfSubjectReview, TokenReview and the access
/// reviews.
bool is_review(const schema::resource_type& type);
void serve_review(const authenticator& authentication, const request_handle& request);

} // namespace actord::actors
