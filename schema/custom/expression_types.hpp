#pragma once

#include "schema/cel/type.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What expressions know of custom objects.

namespace actord::schema::custom {

struct schema_node;

/// The type that a rule sees a value of the schema as; null when it cannot see it at all (what has no type).
/// `name` is what errors call structures. With `root`, the value is a whole object, of whose metadata only
/// the name can be seen.
cel::type_ref expression_type(const schema_node& schema, const std::string& name, bool root);

/// How expressions name a member: "a-b" is `a__dash__b`. Nothing for names they cannot write.
std::optional<std::string> escaped_name(std::string_view name);

} // namespace actord::schema::custom
