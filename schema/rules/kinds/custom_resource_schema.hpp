#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

/// What the schema of a custom kind may say, beyond being a schema.

namespace actord::schema::rules {

void check_custom_schema(const field& schema, bool has_status, field_errors& errors);
bool schema_has_default(const json& schema);
/// The schema at a path of member names (".spec.mode"); null when there is none.
const json* schema_at(const json& schema, std::string_view path);
/// What a schema says that is kept and shown but not heeded, for the person who writes it.
void warn_of_schema(const json& schema, const std::string& path, std::vector<std::string>& warnings);

} // namespace actord::schema::rules
