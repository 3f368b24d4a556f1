#pragma once

#include "schema/base/result.hpp"

#include <string>
#include <string_view>

namespace actord::schema {

struct resource_type;

/// Appends stored bytes as `object_view::append_as` would (schema/object/stored_object.hpp), without opening
/// a view where the text only needs copying: GET, LIST and WATCH of most objects.
result<void> append_stored(std::string& out, std::string_view bytes, const resource_type& type,
                           bool with_kind);

} // namespace actord::schema
