#pragma once

#include "schema/base/error.hpp"

#include <string>
#include <string_view>

namespace actord::schema {
struct resource_type;
}

/// The errors about one object, in the words that Kubernetes clients match on.

namespace actord::actors {

/// "deployments.apps", or "pods" for the core group.
std::string qualified_resource(const schema::resource_type& type);

error object_not_found(const schema::resource_type& type, std::string_view name);
error object_exists(const schema::resource_type& type, std::string_view name);
/// `Operation cannot be fulfilled on pods "x": <why>`.
error object_conflict(const schema::resource_type& type, std::string_view name, std::string_view why);
/// The conflict that asks the client to read again.
error object_modified(const schema::resource_type& type, std::string_view name);
/// `pods "x" is forbidden: <why>`.
error object_forbidden(const schema::resource_type& type, std::string_view name, std::string_view why);
error bad_request(std::string message);
/// Nothing of that kind is served (any more).
error no_such_resource();

} // namespace actord::actors
