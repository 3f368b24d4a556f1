#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>

/// The canonical values of types: what a scalar is rewritten to, what counts as zero, and what stands where
/// nothing was given.

namespace actord::schema {

struct object_type;
struct value_type;

namespace scalar_forms {

result<std::string> quantity(std::string_view text);
result<std::string> bytes(std::string_view text);
result<std::string> time(std::string_view text);
result<std::string> micro_time(std::string_view text);

} // namespace scalar_forms

/// Whether Go's omitempty would leave the value out. Structs are never zero in this sense.
bool is_zero(const value_type& type, const json& value);
/// What Go writes for a value that was never set: "", 0, {} with its own always-present fields, null for
/// lists.
json zero_of(const value_type& type);
/// Adds the fields of `type` that are always written and are missing from `members`.
void add_missing(const object_type& type, std::map<std::string, json, std::less<>>& members);

} // namespace actord::schema
