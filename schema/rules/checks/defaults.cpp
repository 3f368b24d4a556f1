#include "schema/rules/checks/defaults.hpp"

#include "schema/base/json.hpp"
#include "schema/base/quick_name.hpp"
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

/// Sets a member that is absent, or that `keep` would not keep.
template <class Keep>
void fill_unless(json& object, std::string_view name, const json& value, Keep keep) {
  auto* const members = object.get_ptr<json::object_t*>();
  if (members == nullptr) return;
  const quick_name wanted(name);
  const auto found = members->lower_bound(wanted);
  if (found == members->end() || wanted < found->first)
    members->emplace_hint(found, std::string(name), value);
  else if (!keep(found->second))
    found->second = value;
}

} // namespace

json* member(json& object, std::string_view name) {
  auto* const members = object.get_ptr<json::object_t*>();
  if (members == nullptr) return nullptr;
  const auto found = members->find(quick_name(name));
  return found == members->end() || found->second.is_null() ? nullptr : &found->second;
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
  if (json* place = member(object, name); place != nullptr && place->is_object()) return *place;
  return object[std::string(name)] = json(json::value_t::object);
}

void fill(json& object, std::string_view name, const json& value) {
  fill_unless(object, name, value, [](const json& there) { return !there.is_null(); });
}

void fill_zero(json& object, std::string_view name, const json& value) {
  fill_unless(object, name, value, [](const json& there) { return !field(there).zero(); });
}

void fill_constants(json& object, std::initializer_list<constant_default> constants) {
  for (const constant_default& constant : constants) fill_path(object, constant.path, constant);
}

} // namespace actord::schema::rules
