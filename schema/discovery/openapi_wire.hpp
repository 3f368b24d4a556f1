#pragma once

#include "schema/base/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// What the protobuf forms of both OpenAPI versions are put together from. Only for sources of
/// schema/discovery.

namespace actord::schema::discovery {

/// NamedSchema, NamedPathItem, ...: one entry of a map.
std::string named_message(std::string_view name, const std::string& value);
/// Any{yaml}; JSON is YAML.
std::string any_message(const json& value);
/// Members that start with "x-", as NamedAny.
void append_extensions(std::string& out, std::uint32_t number, const json& object);
/// A member that is a text, if it is there.
void append_text(std::string& out, std::uint32_t number, const json& object, const char* member);

} // namespace actord::schema::discovery
