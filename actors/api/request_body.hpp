#pragma once

#include "schema/base/result.hpp"
#include "schema/write/prepare.hpp"

#include <string>
#include <string_view>

namespace actord::actors {

/// metadata.name of a body, without decoding the rest; empty when there is none, or when only the full
/// decoder can tell.
std::string peek_name(std::string_view body, schema::body_format format);

/// A DeleteOptions body as JSON text.
result<std::string> delete_options_json(std::string_view body, schema::body_format format);

} // namespace actord::actors
