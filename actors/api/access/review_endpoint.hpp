#pragma once

#include "actors/api/access/review_admission.hpp"
#include "actors/api/api_request.hpp"
#include "actors/authentication/authenticator.hpp"

namespace actord::actors {

class authorizer;

/// Outlive every review.
struct review_collaborators {
  const authenticator& authentication;
  const authorizer& authorization;
  review_admission admission = {}; ///< who else is asked
};

/// Kinds that are questions, answered at once and never stored: SelfSubjectReview, TokenReview and the access
/// reviews.
bool is_review(const schema::resource_type& type);
void serve_review(const review_collaborators& with, const request_handle& request);

} // namespace actord::actors
