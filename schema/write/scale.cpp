#include "schema/write/scale.hpp"

#include "schema/base/json.hpp"
#include "schema/print/label_text.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

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

} // namespace

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
