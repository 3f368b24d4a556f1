#pragma once

#include "actors/authorization/authorizer.hpp"
#include "actors/objects/write_command.hpp"

/// SubjectAccessReview, its local and its own kind, and SelfSubjectRulesReview: questions about access as
/// documents.

namespace actord::actors {

/// What a question must say, and that it is no object: it has no name.
std::optional<error> check_access_review(const schema::resource_type& type, const json& review);

json access_review_status(const authorizer& authorization, const schema::resource_type& type,
                          const caller_identity& caller, const json& spec);
/// All rules of the caller in the namespace that `spec` names.
result<json> rules_review_status(const authorizer& authorization, const caller_identity& caller,
                                 const json& spec);

} // namespace actord::actors
