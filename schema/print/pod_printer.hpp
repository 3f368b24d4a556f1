#pragma once

#include "schema/print/printer_table.hpp"

namespace actord::schema::print {

/// The row's conditions: a pod that has ended says so. Null for all others.
json pod_row_conditions(const json& pod);

} // namespace actord::schema::print
