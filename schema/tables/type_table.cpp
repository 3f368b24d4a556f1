#include "schema/tables/type_table.hpp"

#include "schema/base/quick_name.hpp"
#include "schema/tables/fact_rows.hpp"

#include <algorithm>

namespace actord::schema {
namespace {

template <class Row>
const Row* find_named(std::span<const Row> sorted, std::string_view name) {
  const quick_name wanted(name);
  const auto found = std::ranges::partition_point(sorted, [&](const Row& row) { return row.name < wanted; });
  return found != sorted.end() && found->name == name ? &*found : nullptr;
}

} // namespace

const field_type* object_type::field(std::string_view field_name) const {
  return find_named(fields, field_name);
}

std::span<const object_type> type_table() { return fact_rows::all_types(); }

const object_type* find_type(std::string_view name) { return find_named(type_table(), name); }

} // namespace actord::schema
