#pragma once

#include "schema/base/json.hpp"
#include "schema/base/result.hpp"

#include <string_view>

namespace actord::schema {
struct resource_type;
}

/// Between an object as a write is planned with it and the form in which a webhook sees it: in a version of
/// the webhook's choice, or only the part that a subresource shows.

namespace actord::actors {

/// `object` is of `type`, not yet complete. A null stays one.
json shown_object(const schema::resource_type& type, std::string_view subresource,
                  const schema::resource_type& as, const json& object);

/// `patched` is what a webhook made of the shown object: decoded, with defaults, back in the form of `type`.
/// `before` is the object it was made of.
result<json> taken_back(const schema::resource_type& type, std::string_view subresource,
                        const schema::resource_type& as, const json& before, const json& patched);

} // namespace actord::actors
