#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/custom/structural_schema.hpp"
#include "schema/custom/validate_value.hpp"
#include "schema/rules/checks/checks.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

namespace actord::schema::custom {
namespace {

std::string below(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

/// The second appearance of each value that comes more than once; later ones say nothing new.
std::vector<std::size_t> repeated(const std::vector<json>& values) {
  std::map<std::string, int> seen;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (++seen[json_text(values[i])] == 2) places.push_back(i);
  return places;
}

void check_set(const json& list, const std::string& path, field_errors& errors) {
  const std::vector<json> values(list.begin(), list.end());
  for (const std::size_t i : repeated(values)) errors.duplicate(fmt::format("{}[{}]", path, i), values[i]);
}

void check_keyed(const schema_node& schema, const json& list, const std::string& path, field_errors& errors) {
  std::vector<json> keys;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_object() && !list[i].is_null())
      return errors.invalid(fmt::format("{}[{}]", path, i), list[i],
                            "must be an object for an array of list-type map");
    json key = json::object();
    for (const std::string& name : schema.keys)
      if (list[i].is_object() && list[i].contains(name)) key[name] = list[i][name];
    keys.push_back(std::move(key));
  }
  for (const std::size_t i : repeated(keys)) errors.duplicate(fmt::format("{}[{}]", path, i), keys[i]);
}

void check_lists(const schema_node& schema, const json& value, const std::string& path,
                 field_errors& errors) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.get_ref<const json::object_t&>())
      if (schema.rest != nullptr && schema.property(name) == nullptr)
        check_lists(*schema.rest, member, fmt::format("{}[{}]", path, name), errors);
    for (const schema_property& property : schema.properties)
      if (const auto found = value.find(property.name); found != value.end())
        check_lists(property.schema, *found, below(path, property.name), errors);
  } else if (value.is_array()) {
    if (schema.merge == list_merge::set) check_set(value, path, errors);
    if (schema.merge == list_merge::map) check_keyed(schema, value, path, errors);
    if (schema.items != nullptr)
      for (std::size_t i = 0; i < value.size(); ++i)
        check_lists(*schema.items, value[i], fmt::format("{}[{}]", path, i), errors);
  }
}

void check_api_version(const json& version, const std::string& path, field_errors& errors) {
  if (!version.is_string()) return errors.invalid(path, version, "must be a string");
  const std::string& text = version.get_ref<const std::string&>();
  if (text.empty()) return errors.invalid(path, version, "must not be empty");
  if (std::ranges::count(text, '/') > 1)
    errors.invalid(path, version, "unexpected GroupVersion string: " + text);
}

void check_kind(const json& kind, const std::string& path, field_errors& errors) {
  if (!kind.is_string()) return errors.invalid(path, kind, "must be a string");
  std::string text = kind.get<std::string>();
  if (text.empty()) return errors.invalid(path, kind, "must not be empty");
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (const auto wrong = rules::dns_1035_label(text); !wrong.empty())
    errors.invalid(path, kind,
                   fmt::format("may have mixed case, but should otherwise match: {}", fmt::join(wrong, ",")));
}

void check_embedded_metadata(const json& metadata, const std::string& path, field_errors& errors) {
  json named = metadata;
  if (!metadata.is_object()) return;
  if (named.value("name", std::string()).empty()) named["name"] = "fakename"; // it need not have one
  field_errors found;
  const json holder = {{"metadata", named}};
  rules::check_metadata(rules::field(holder).at("metadata"), !named.value("namespace", std::string()).empty(),
                        rules::path_segment, found);
  errors.append(found, path.empty() ? path : path + ".");
}

void check_embedded(const schema_node& schema, const json& value, const std::string& path, bool embedded,
                    field_errors& errors) {
  if (value.is_object()) {
    if (embedded) {
      for (const char* name : {"apiVersion", "kind"})
        if (!value.contains(name)) errors.required(below(path, name));
      if (const auto found = value.find("apiVersion"); found != value.end())
        check_api_version(*found, below(path, "apiVersion"), errors);
      if (const auto found = value.find("kind"); found != value.end())
        check_kind(*found, below(path, "kind"), errors);
      if (const auto found = value.find("metadata"); found != value.end())
        check_embedded_metadata(*found, path, errors);
    }
    for (const auto& [name, member] : value.get_ref<const json::object_t&>()) {
      if (const schema_node* known = schema.property(name))
        check_embedded(*known, member, below(path, name), known->embedded, errors);
      else if (schema.rest != nullptr)
        check_embedded(*schema.rest, member, fmt::format("{}[{}]", path, name), schema.rest->embedded,
                       errors);
    }
  } else if (value.is_array() && schema.items != nullptr) {
    for (std::size_t i = 0; i < value.size(); ++i)
      check_embedded(*schema.items, value[i], fmt::format("{}[{}]", path, i), schema.items->embedded, errors);
  }
}

} // namespace

void validate_lists(const schema_node& schema, const json& object, field_errors& errors) {
  check_lists(schema, object, {}, errors);
}

void validate_embedded(const schema_node& schema, const json& object, field_errors& errors) {
  check_embedded(schema, object, {}, false, errors);
}

} // namespace actord::schema::custom
