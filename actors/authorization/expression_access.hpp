#pragma once

#include "actors/authorization/access_check.hpp"
#include "schema/cel/library/authorizers.hpp"

namespace actord::actors {

/// What `authorizer` in an expression answers for the caller of a request, or for the service account that
/// the expression names. An empty `may` allows nothing. Both must outlive the result.
schema::cel::access_judge expression_access(const access_check& may, const caller_identity& caller);

} // namespace actord::actors
