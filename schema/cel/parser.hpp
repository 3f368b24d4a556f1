#pragma once

#include "schema/cel/expression.hpp"
#include "schema/cel/issues.hpp"

#include <string_view>
#include <vector>

namespace actord::schema::cel {

/// The expression as a tree; null when `issues` says why not.
node_ref parse(std::string_view expression, std::vector<issue>& issues);

} // namespace actord::schema::cel
