#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/kind_rules.hpp"

#include <string_view>

namespace actord::schema::custom {

struct schema_node;

/// Judges a value by its schema: types, bounds, patterns, formats, required members and the combinations of
/// schemas, in the words of Kubernetes. `old` is what was there before (null on a create): what has not
/// changed since is not held against the writer, so that a schema may become stricter while objects of
/// yesterday can still be edited. Errors are below `prefix` ("status"), which may be empty.
void validate_value(const schema_node& schema, const json& value, const json* old, std::string_view prefix,
                    field_errors& errors);

/// Items of lists that are sets, or maps told apart by keys, must differ.
void validate_lists(const schema_node& schema, const json& object, field_errors& errors);

/// apiVersion, kind and metadata of embedded resources.
void validate_embedded(const schema_node& schema, const json& object, field_errors& errors);

} // namespace actord::schema::custom
