#pragma once

#include "schema/cel/type.hpp"

#include <string_view>

namespace actord::schema::cel {

/// The types that expressions of mutating policies make values of: `JSONPatch{op: "add", ...}`,
/// `Object{spec: Object.spec{...}}`, whose members may be anything. Null for other names.
type_ref patch_structure(std::string_view name);

} // namespace actord::schema::cel
