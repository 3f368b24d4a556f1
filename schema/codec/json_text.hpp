#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>

namespace actord::schema {

/// Nesting beyond this is refused wherever a body is read.
inline constexpr int json_depth_max = 64;

/// Appends the canonical text of a tree: no white space, keys in the order of the tree (sorted), numbers as
/// Go writes them. Several times faster than json::dump.
void append_json_text(std::string& out, const json& value);
/// Appends a JSON string literal. `text` is valid UTF-8.
void append_json_string(std::string& out, std::string_view text);
std::string json_text(const json& value);

/// Reads a whole JSON text that need not follow any type: UTF-8 checked, nesting limited, the last of two
/// equal keys wins. The error is a bad_request in the words of Go's decoder ("invalid character 'x' looking
/// ...").
result<json> parse_json(std::string_view text);

} // namespace actord::schema
