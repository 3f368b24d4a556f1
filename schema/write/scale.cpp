#include "schema/write/scale.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::schema {
namespace {

const json& at(const json& object, std::initializer_list<const char*> path) {
  static const json none;
  const json* node = &object;
  for (const char* name : path) {
    if (!node->is_object()) return none;
    const auto found = node->find(name);
    if (found == node->end()) return none;
    node = &*found;
  }
  return *node;
}

std::int64_t number_or_zero(const json& value) {
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::string text_or_empty(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string requirement_text(const json& requirement) {
  const std::string key = text_or_empty(at(requirement, {"key"}));
  const std::string how = text_or_empty(at(requirement, {"operator"}));
  if (how == "Exists") return key;
  if (how == "DoesNotExist") return "!" + key;
  std::vector<std::string> values;
  for (const json& value : at(requirement, {"values"})) values.push_back(text_or_empty(value));
  std::ranges::sort(values);
  std::string text = key + (how == "In" ? " in (" : " notin (");
  for (std::size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : ",") + values[i];
  return text + ")";
}

} // namespace

std::string label_text(const json& labels) {
  std::string text;
  if (!labels.is_object()) return text;
  for (const auto& [name, value] : labels.items()) {
    if (!text.empty()) text += ',';
    text.append(name).append("=").append(text_or_empty(value));
  }
  return text;
}

std::string selector_text(const json& label_selector) {
  std::vector<std::pair<std::string, std::string>> parts;
  const json& labels = at(label_selector, {"matchLabels"});
  if (labels.is_object())
    for (const auto& [name, value] : labels.items()) {
      std::string part = name;
      parts.emplace_back(name, part.append("=").append(text_or_empty(value)));
    }
  for (const json& requirement : at(label_selector, {"matchExpressions"}))
    parts.emplace_back(text_or_empty(at(requirement, {"key"})), requirement_text(requirement));
  std::ranges::stable_sort(parts, {}, &std::pair<std::string, std::string>::first);
  std::string text;
  for (const auto& [key, part] : parts) {
    if (!text.empty()) text += ',';
    text += part;
  }
  return text;
}

bool can_scale(const resource_type& type) { return type.subresource("scale") != nullptr; }

json scale_of(const resource_type& type, const json& object) {
  json metadata = json::object();
  for (const char* member : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (const json& value = at(object, {"metadata", member}); !value.is_null()) metadata[member] = value;
  json spec = json::object();
  if (const auto wanted = number_or_zero(at(object, {"spec", "replicas"})); wanted != 0)
    spec["replicas"] = wanted;
  json status = {{"replicas", number_or_zero(at(object, {"status", "replicas"}))}};
  const json& selector = at(object, {"spec", "selector"});
  const std::string text =
      type.plural == "replicationcontrollers" ? label_text(selector) : selector_text(selector);
  if (!text.empty()) status["selector"] = text;
  return {{"apiVersion", "autoscaling/v1"},
          {"kind", "Scale"},
          {"metadata", metadata},
          {"spec", spec},
          {"status", status}};
}

result<json> with_scale(const resource_type&, const json& object, const json& scale) {
  const std::int64_t wanted = number_or_zero(at(scale, {"spec", "replicas"}));
  if (wanted < 0) {
    static const resource_type scale_type{
        .group = "autoscaling", .version = "v1", .kind = "Scale", .plural = "scales"};
    field_errors errors;
    errors.invalid("spec.replicas", wanted, "must be greater than or equal to 0");
    return invalid_object(scale_type, text_or_empty(at(object, {"metadata", "name"})), errors);
  }
  json scaled = object;
  scaled["spec"]["replicas"] = wanted;
  return scaled;
}

} // namespace actord::schema
