#include "schema/cel/table_types.hpp"

#include "schema/tables/type_table.hpp"

namespace actord::schema::cel {
namespace {

type_ref type_of(const value_type& from) {
  switch (from.kind) {
  case value_kind::string:
  case value_kind::time:
  case value_kind::micro_time:
  case value_kind::bytes:
    return simple(type_kind::string);
  case value_kind::boolean:
    return simple(type_kind::boolean);
  case value_kind::int32:
  case value_kind::int64:
    return simple(type_kind::integer);
  case value_kind::number:
    return simple(type_kind::floating);
  case value_kind::structure:
    return table_type(*from.structure);
  case value_kind::map:
    return map_of(simple(type_kind::string), type_of(*from.items));
  case value_kind::list:
    return list_of(type_of(*from.items));
  default:
    return simple(type_kind::dynamic);
  }
}

/// Types of members are made when they are asked for: some contain themselves.
class table_members : public structure_members {
public:
  explicit table_members(const object_type& row) : row_(row) {}
  [[nodiscard]] std::optional<member_type> find(std::string_view name) const override {
    if (const field_type* field = row_.field(name))
      return member_type{type_of(field->value), std::string(name)};
    if (row_.preserve_unknown) return member_type{simple(type_kind::dynamic), std::string(name)};
    return std::nullopt;
  }

private:
  const object_type& row_;
};

} // namespace

type_ref table_type(const object_type& row) {
  return structure_of(std::string(row.name), std::make_shared<table_members>(row));
}

} // namespace actord::schema::cel
