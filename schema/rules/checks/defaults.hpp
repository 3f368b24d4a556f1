#pragma once

#include "schema/base/json_fwd.hpp"

#include <initializer_list>
#include <string_view>
#include <utility>

/// Helpers for filling in what a client left out.

namespace actord::schema::rules {

/// The member, or null when it is absent or null.
json* member(json& object, std::string_view name);
/// A path of members ("spec.template"); null when any of them is missing.
json* member_at(json& object, std::string_view path);
/// The member as an object, created when missing.
json& open_member(json& object, std::string_view name);

/// Sets the member when it is absent or null (a pointer in the API's types: a zero that was sent stays).
void fill(json& object, std::string_view name, const json& value);
/// Sets the member when it is absent, null, "", 0, [] or {} (a plain value in the API's types).
void fill_zero(json& object, std::string_view name, const json& value);

/// A constant default: a dotted path from the object it is applied to, where "[]" goes into every item of a
/// list, and the text of the JSON value. Parents that are missing stay missing.
struct constant_default {
  std::string_view path;
  std::string_view value;
  bool when_zero = false; ///< also in place of a zero value
};
void fill_constants(json& object, std::initializer_list<constant_default> constants);

} // namespace actord::schema::rules
