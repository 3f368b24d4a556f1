#include "schema/write/scale.hpp"

#include "schema/base/json_member.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/print/label_text.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::schema {
namespace {

std::int64_t number_or_zero(const json& value) {
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::string text_or_empty(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

const json& at_steps(const json& object, const std::vector<std::string>& steps) {
  static const json none;
  const json* node = &object;
  for (const std::string& step : steps) {
    if (!node->is_object()) return none;
    const auto found = node->find(step);
    if (found == node->end()) return none;
    node = &*found;
  }
  return *node;
}

const custom_kind::scale_paths* paths_of(const resource_type& type) {
  return type.custom != nullptr && type.custom->scale ? &*type.custom->scale : nullptr;
}

std::string selector_of(const resource_type& type, const json& object) {
  if (const auto* paths = paths_of(type)) return text_or_empty(at_steps(object, paths->selector));
  const json& selector = json_member(object, {"spec", "selector"});
  return type.plural == "replicationcontrollers" ? label_text(selector) : selector_text(selector);
}

} // namespace

bool can_scale(const resource_type& type) { return type.subresource("scale") != nullptr; }

json scale_of(const resource_type& type, const json& object) {
  json metadata = json::object();
  for (const char* member : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"})
    if (const json& value = json_member(object, {"metadata", member}); !value.is_null())
      metadata[member] = value;
  json spec = json::object();
  const auto* paths = paths_of(type);
  const json& replicas =
      paths != nullptr ? at_steps(object, paths->replicas) : json_member(object, {"spec", "replicas"});
  const json& seen =
      paths != nullptr ? at_steps(object, paths->seen) : json_member(object, {"status", "replicas"});
  if (const auto wanted = number_or_zero(replicas); wanted != 0) spec["replicas"] = wanted;
  json status = {{"replicas", number_or_zero(seen)}};
  const std::string text = selector_of(type, object);
  if (!text.empty()) status["selector"] = text;
  return {{"apiVersion", "autoscaling/v1"},
          {"kind", "Scale"},
          {"metadata", metadata},
          {"spec", spec},
          {"status", status}};
}

void set_replicas(const resource_type& type, json& object, const json& wanted) {
  const auto* paths = paths_of(type);
  if (paths == nullptr) {
    object["spec"]["replicas"] = wanted;
    return;
  }
  json* place = &object;
  for (const std::string& step : paths->replicas) {
    if (!place->is_object()) *place = json::object();
    place = &(*place)[step];
  }
  *place = wanted;
}

result<json> with_scale(const resource_type& type, const json& object, const json& scale) {
  const std::int64_t wanted = number_or_zero(json_member(scale, {"spec", "replicas"}));
  if (wanted < 0) {
    static const resource_type scale_type{
        .group = "autoscaling", .version = "v1", .kind = "Scale", .plural = "scales"};
    field_errors errors;
    errors.invalid("spec.replicas", wanted, "must be greater than or equal to 0");
    return invalid_object(scale_type, text_or_empty(json_member(object, {"metadata", "name"})), errors);
  }
  json scaled = object;
  set_replicas(type, scaled, wanted);
  return scaled;
}

} // namespace actord::schema
