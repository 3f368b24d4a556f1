#pragma once

#include "schema/custom/custom_kind.hpp"
#include "schema/print/cells.hpp"

namespace actord::schema::print {

/// The name and the printer columns of the definition. A column whose path leads nowhere, or to a value of
/// another type than the column's, is null.
void print_custom(const custom_kind& kind, const row_writer& row);

} // namespace actord::schema::print
