#pragma once

#include "schema/custom/structural_schema.hpp"
#include "schema/tables/type_table.hpp"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema::custom {

/// The type of a custom kind, as field ownership and server-side apply see it, made from its schema. Owns the
/// rows; views names of the schema, which must outlive it and stay where it is.
class custom_types {
public:
  /// `name` is the root's ("example.com/v1.Widget").
  custom_types(const schema_node& root, std::string name);
  custom_types(const custom_types&) = delete;
  custom_types& operator=(const custom_types&) = delete;

  [[nodiscard]] const object_type& root() const { return *root_; }

private:
  value_type value_of(const schema_node& node);
  const value_type* keep(value_type value) { return &values_.emplace_back(value); }
  const value_type* item_of(const schema_node* node);
  field_type field_of(std::string_view name, const schema_node& node);
  const object_type* structure_of(const schema_node& node, bool with_metadata);

  std::string name_;
  std::deque<value_type> values_;
  std::deque<object_type> types_;
  std::deque<field_type> nested_;
  std::deque<std::vector<field_type>> fields_;
  std::deque<std::vector<std::string_view>> keys_;
  std::deque<std::string> texts_;
  const object_type* root_ = nullptr;
};

} // namespace actord::schema::custom
