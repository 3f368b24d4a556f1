#pragma once

#include "schema/tables/compile_tables/fact_reader.hpp"

#include <ostream>

namespace compile_tables {

/// Writes the C++ source of the tables declared in type_table.hpp and resource_table.hpp.
void write_tables(const facts& all, std::ostream& out);

} // namespace compile_tables
