#pragma once

#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

/// What x-kubernetes-validations of a schema may be.

namespace actord::schema::rules {

/// That rules are there and their messages can be shown; also of the parts of the schema.
void check_rule_texts(const field& schema, field_errors& errors);
/// That rules compile. The schema must be a structure.
void check_rule_programs(const field& schema, field_errors& errors);

} // namespace actord::schema::rules
