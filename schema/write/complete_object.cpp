#include "schema/write/complete_object.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/scalar_forms.hpp"
#include "schema/tables/type_table.hpp"

namespace actord::schema {
namespace {

void complete_value(const value_type& type, json& value) {
  if (type.kind == value_kind::structure) {
    if (value.is_object()) complete_object(*type.structure, value);
  } else if (type.kind == value_kind::list && type.items->kind == value_kind::structure) {
    if (value.is_array())
      for (json& item : value) complete_value(*type.items, item);
  } else if (type.kind == value_kind::map && type.items->kind == value_kind::structure) {
    if (value.is_object())
      for (auto& [name, item] : value.get_ref<json::object_t&>()) complete_value(*type.items, item);
  }
}

} // namespace

void complete_object(const object_type& type, json& object) {
  auto& members = object.get_ref<json::object_t&>();
  // Fields and members are both sorted by name.
  auto member = members.begin();
  for (const field_type& field : type.fields) {
    while (member != members.end() && member->first < field.name) ++member;
    const bool present = member != members.end() && member->first == field.name;
    if (present && field.shown == presence::always && field.value.kind == value_kind::list &&
        member->second.is_array() && member->second.empty())
      member->second = nullptr;
    else if (present)
      complete_value(field.value, member->second);
    else if (field.shown == presence::always || field.shown == presence::always_null)
      member = members.emplace_hint(member, std::string(field.name),
                                    field.shown == presence::always ? zero_of(field.value) : json());
  }
}

} // namespace actord::schema
