#pragma once

#include "actors/api/api_request.hpp"
#include "actors/authorization/access_question.hpp"

/// What a request asks of authorization. The answers view the request, which must outlive them.

namespace actord::actors {

access_question resource_question(const api_request& request);
access_question path_question(const api_request& request);

/// Paths below /apis/actord.dev are resources like all others to authorization: "list actors", "create
/// images".
bool is_own_group(std::string_view path);
access_question own_group_question(std::string_view method, std::string_view path);

/// Health tells nothing about the cluster's content, and load balancers have no identity.
bool is_open_to_all(std::string_view path);

} // namespace actord::actors
