#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <simdjson.h>
#include <string_view>

/// The simdjson side of the codec. Only for sources of schema/codec: the header is heavy.

namespace actord::schema {

/// Checks and parses a text; the element lives until the parser's next use.
result<simdjson::dom::element> read_json(simdjson::dom::parser& parser, std::string_view text);
json copy_tree(const simdjson::dom::element& value);

} // namespace actord::schema
