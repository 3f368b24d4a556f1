#pragma once

#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

/// The rows that compile_tables wrote at build time. For resource_table.cpp and type_table.cpp only.

namespace actord::schema::fact_rows {

std::span<const object_type> all_types();
std::span<const resource_type> all_resources();
std::span<const api_group> all_groups();
/// Positions in all_resources(), in the order in which discovery documents list them.
std::span<const std::uint16_t> discovery_order();
std::string_view rbac_text();

} // namespace actord::schema::fact_rows
