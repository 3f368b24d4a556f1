#pragma once

#include <string_view>

namespace actord::schema::custom {

/// Whether a schema's "format" of texts is one that is checked. Dashes in the name do not matter.
bool is_known_format(std::string_view format);

/// Whether the text has the format; true for unknown formats.
bool has_format(std::string_view format, std::string_view text);

} // namespace actord::schema::custom
