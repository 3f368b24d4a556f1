#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

/// What the schema of a custom kind may say, beyond being a schema.

namespace actord::schema::rules {

void check_custom_schema(const field& schema, bool has_status, field_errors& errors);
bool schema_has_default(const json& schema);

} // namespace actord::schema::rules
