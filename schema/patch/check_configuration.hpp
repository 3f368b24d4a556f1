#pragma once

#include "schema/base/json_fwd.hpp"

#include <string>

namespace actord::schema {

struct object_type;

/// What is wrong with a configuration that somebody applies: members the type does not declare, values of
/// another type, list items that cannot be told apart. Each with its path; empty when all is well.
///   .spec.foo: field not declared in schema
///   errors:\n  .spec.a: ...\n  .spec.b: ...
std::string check_configuration(const object_type& type, const json& configuration);

} // namespace actord::schema
