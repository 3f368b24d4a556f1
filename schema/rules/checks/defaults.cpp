#include "schema/rules/checks/defaults.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/field.hpp"

namespace actord::schema::rules {

namespace {

void fill_path(json& object, std::string_view path, const constant_default& constant) {
  const std::size_t dot = path.find('.');
  std::string_view name = path.substr(0, dot);
  if (dot == std::string_view::npos) {
    const json value = json::parse(constant.value);
    if (constant.when_zero)
      fill_zero(object, name, value);
    else
      fill(object, name, value);
    return;
  }
  const std::string_view rest = path.substr(dot + 1);
  const bool each = name.ends_with("[]");
  if (each) name.remove_suffix(2);
  json* below = member(object, name);
  if (below == nullptr) return;
  if (!each) return fill_path(*below, rest, constant);
  if (!below->is_array()) return;
  for (json& item : *below) fill_path(item, rest, constant);
}

} // namespace

json* member(json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

json* member_at(json& object, std::string_view path) {
  json* place = &object;
  while (place != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    place = member(*place, path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return place;
}

json& open_member(json& object, std::string_view name) {
  json& place = object[std::string(name)];
  if (!place.is_object()) place = json::object();
  return place;
}

void fill(json& object, std::string_view name, const json& value) {
  if (object.is_object() && member(object, name) == nullptr) object[std::string(name)] = value;
}

void fill_zero(json& object, std::string_view name, const json& value) {
  if (object.is_object() && field(object).at(name).zero()) object[std::string(name)] = value;
}

void fill_constants(json& object, std::initializer_list<constant_default> constants) {
  for (const constant_default& constant : constants) fill_path(object, constant.path, constant);
}

} // namespace actord::schema::rules
