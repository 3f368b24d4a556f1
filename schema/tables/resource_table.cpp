#include "schema/tables/resource_table.hpp"

#include "schema/base/always.hpp"
#include "schema/tables/custom_rows.hpp"
#include "schema/tables/fact_rows.hpp"

#include <algorithm>
#include <unordered_map>

namespace actord::schema {
namespace {

/// Rows by one of their names, for the many lookups of every request.
template <auto Name>
class index_of_rows {
public:
  index_of_rows() {
    for (const resource_type& row : resource_table()) rows_.emplace(row.*Name, &row);
  }

  [[nodiscard]] const resource_type* find(std::string_view group, std::string_view version,
                                          std::string_view name) const {
    const auto [from, to] = rows_.equal_range(name);
    const auto found = std::find_if(from, to, [&](const auto& row) {
      return row.second->group == group && row.second->version == version;
    });
    return found == to ? nullptr : found->second;
  }

private:
  std::unordered_multimap<std::string_view, const resource_type*> rows_;
};

/// Position of each id in the table, so that resource_of needs no search.
std::vector<const resource_type*> rows_by_id() {
  std::vector<const resource_type*> rows(resource_table().back().id.value + std::size_t{1}, nullptr);
  for (const resource_type& row : resource_table()) rows[row.id.value] = &row;
  return rows;
}

} // namespace

std::string resource_type::api_version() const {
  std::string text(group);
  if (!text.empty()) text += '/';
  return text += version;
}

const subresource_type* resource_type::subresource(std::string_view wanted) const {
  const auto found = std::ranges::find(subresources, wanted, &subresource_type::name);
  return found == subresources.end() ? nullptr : &*found;
}

std::span<const resource_type> resource_table() { return fact_rows::all_resources(); }

std::vector<const resource_type*> resources_in_discovery_order() {
  std::vector<const resource_type*> rows;
  for (const std::uint16_t at : fact_rows::discovery_order()) rows.push_back(&resource_table()[at]);
  return rows;
}

std::span<const api_group> api_groups() { return fact_rows::all_groups(); }

resource_handle builtin_handle(const resource_type& row) { return {resource_handle(), &row}; }

resource_handle find_resource(std::string_view group, std::string_view version, std::string_view plural) {
  static const index_of_rows<&resource_type::plural> index;
  const resource_type* row = index.find(group, version, plural);
  return row != nullptr ? builtin_handle(*row) : custom_rows::current()->find_plural(group, version, plural);
}

resource_handle find_kind(std::string_view group, std::string_view version, std::string_view kind) {
  static const index_of_rows<&resource_type::kind> index;
  const resource_type* row = index.find(group, version, kind);
  return row != nullptr ? builtin_handle(*row) : custom_rows::current()->find_kind(group, version, kind);
}

resource_handle resource_of(resource_id id) {
  static const std::vector<const resource_type*> rows = rows_by_id();
  if (id.value >= rows.size()) return custom_rows::current()->find_id(id);
  return rows[id.value] == nullptr ? resource_handle() : builtin_handle(*rows[id.value]);
}

std::vector<resource_handle> stored_resources() {
  std::vector<resource_handle> rows;
  for (const resource_type& row : resource_table())
    if (row.stored_as == row.id) rows.push_back(builtin_handle(row));
  for (const resource_handle& row : custom_rows::current()->stored()) rows.push_back(row);
  return rows;
}

bool is_group_served(std::string_view group, std::string_view version) {
  const auto serves = [&](const resource_type& row) {
    return row.group == group && (version.empty() || row.version == version);
  };
  if (std::ranges::any_of(resource_table(), serves)) return true;
  const auto custom = custom_rows::current();
  return std::ranges::any_of(custom->served(), [&](const resource_handle& row) { return serves(*row); });
}

const resource_type& builtin(std::string_view group, std::string_view plural) {
  const auto served = std::ranges::find(api_groups(), group, &api_group::name);
  ALWAYS_WITH(served != api_groups().end(), group);
  const resource_handle row = find_resource(group, served->preferred, plural);
  ALWAYS_WITH(row != nullptr && row->custom == nullptr, plural);
  return *row;
}

std::string_view default_rbac() { return fact_rows::rbac_text(); }

} // namespace actord::schema
