#pragma once

#include "actors/objects/write_command.hpp"

namespace actord::net {
struct http_request;
}

namespace actord::actors {

class authorizer;

/// Whom a request speaks for: the caller, or, with the headers Impersonate-User, -Group, -Uid and -Extra-KEY,
/// somebody else. Each of them must be allowed to the caller by the verb `impersonate` on users,
/// serviceaccounts, groups, uids and userextras/KEY.
result<caller_identity> acting_identity(const net::http_request& request, caller_identity caller,
                                        const authorizer& authorization);
bool asks_to_impersonate(const net::http_request& request);

} // namespace actord::actors
