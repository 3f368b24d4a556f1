#pragma once

#include "schema/cel/environment.hpp"
#include "schema/cel/expression.hpp"
#include "schema/cel/issues.hpp"

namespace actord::schema::cel {

/// Finds what the names of an expression mean and what it yields; what cannot be is told in `issues`. Fills
/// in what nodes say they have from here.
type_ref check(node& root, const environment& names, std::vector<issue>& issues);

} // namespace actord::schema::cel
