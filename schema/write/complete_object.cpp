#include "schema/write/complete_object.hpp"

#include "schema/base/json.hpp"
#include "schema/base/quick_name.hpp"
#include "schema/codec/scalar_forms.hpp"
#include "schema/tables/type_table.hpp"

namespace actord::schema {
namespace {

/// Whether there is anything to complete inside values of the type.
bool holds_structures(const value_type& type) {
  if (type.kind == value_kind::structure) return true;
  return (type.kind == value_kind::list || type.kind == value_kind::map) &&
         type.items->kind == value_kind::structure;
}

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
    const bool always = field.shown == presence::always || field.shown == presence::always_null;
    if (!always && !holds_structures(field.value)) continue;
    const quick_name name(field.name);
    while (member != members.end() && member->first < name) ++member;
    const bool present = member != members.end() && !(name < member->first);
    if (present && field.shown == presence::always && field.value.kind == value_kind::list &&
        member->second.is_array() && member->second.empty())
      member->second = nullptr;
    else if (present)
      complete_value(field.value, member->second);
    else if (always)
      member = members.emplace_hint(member, std::string(field.name),
                                    field.shown == presence::always ? zero_of(field.value) : json());
  }
}

} // namespace actord::schema
