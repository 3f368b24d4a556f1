#include "schema/rules/checks/go_value.hpp"

#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/tables/type_table.hpp"

#include <algorithm>
#include <vector>

namespace actord::schema::rules {

namespace {

bool of_api_machinery(const object_type& type) { return type.name.starts_with("io.k8s.apimachinery."); }

/// Field numbers follow the declaration, but for owner references, whose apiVersion was declared first and
/// numbered late.
std::vector<const field_type*> in_declared_order(const object_type& type) {
  std::vector<const field_type*> fields;
  for (const field_type& field : type.fields) fields.push_back(&field);
  const bool owner = type.name.ends_with(".OwnerReference");
  const auto place = [owner](const field_type* field) {
    return std::pair(!owner || field->name != "apiVersion", field->protobuf.front());
  };
  std::ranges::stable_sort(fields, {}, place);
  return fields;
}

std::string go_name(std::string_view json_name) {
  std::string name(json_name);
  if (!name.empty() && name.front() >= 'a' && name.front() <= 'z')
    name.front() = static_cast<char>(name.front() - 'a' + 'A');
  return name;
}

std::string print(const value_type& type, const json& value);

/// What an absent field of an internal structure holds.
std::string print_absent(const field_type& field) {
  switch (field.value.kind) {
  case value_kind::structure:
    return field.shown == presence::when_given ? "null" : print(field.value, json::object());
  case value_kind::int_or_string:
    return "0";
  case value_kind::string:
  case value_kind::quantity:
    return field.shown == presence::when_given      ? "null"
           : field.value.kind == value_kind::string ? "\"\""
                                                    : "\"0\"";
  case value_kind::boolean:
    return field.shown == presence::when_given ? "null" : "false";
  case value_kind::int32:
  case value_kind::int64:
  case value_kind::number:
    return field.shown == presence::when_given ? "null" : "0";
  default:
    return "null";
  }
}

std::string print_structure(const object_type& type, const json& value) {
  const bool tagged = of_api_machinery(type);
  std::string text = "{";
  for (const field_type* field : in_declared_order(type)) {
    const auto found = value.find(field->name);
    const bool present = found != value.end() && !found->is_null();
    if (!present && tagged && field->shown != presence::always) continue;
    if (text.size() > 1) text += ',';
    text += json_text(json(tagged ? std::string(field->name) : go_name(field->name)));
    text += ':';
    text += present ? print(field->value, *found) : print_absent(*field);
  }
  return text + '}';
}

std::string print_list(const value_type& items, const json& values) {
  std::string text = "[";
  for (const json& item : values) {
    if (text.size() > 1) text += ',';
    text += print(items, item);
  }
  return text + ']';
}

std::string print(const value_type& type, const json& value) {
  if (type.kind == value_kind::structure && value.is_object()) return print_structure(*type.structure, value);
  if (type.kind == value_kind::list && value.is_array()) return print_list(*type.items, value);
  return json_text(value);
}

const object_type& known(std::string_view name) {
  const object_type* type = find_type(name);
  ALWAYS(type != nullptr);
  return *type;
}

} // namespace

printed_value as_structure(std::string_view type, const json& value) {
  return {print_structure(known(type), value.is_object() ? value : json::object())};
}

printed_value as_structures(std::string_view type, const json& values) {
  if (!values.is_array()) return {"null"};
  const value_type item{.kind = value_kind::structure, .structure = &known(type)};
  return {print_list(item, values)};
}

} // namespace actord::schema::rules
