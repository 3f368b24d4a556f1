#include "schema/object/version_views.hpp"

#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/tables/resource_table.hpp"

#include <array>
#include <string_view>

namespace actord::schema {
namespace {

/// v1 events and what events.k8s.io/v1 calls the same field.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> event_names{{
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
    {"reportingComponent", "reportingController"},
}};

void rename(json& object, std::string_view from, std::string_view to) {
  const auto found = object.find(from);
  if (found == object.end()) return;
  json value = std::move(*found);
  object.erase(found);
  object[to] = std::move(value);
}

/// What autoscaling/v1 has no field for travels in annotations of the object, as JSON of the v2 form.
struct carried_field {
  std::string_view annotation;
  json::json_pointer place;
};
const std::array<carried_field, 4>& carried_fields() {
  static const std::array<carried_field, 4> all{{
      {"autoscaling.alpha.kubernetes.io/metrics", json::json_pointer("/spec/metrics")},
      {"autoscaling.alpha.kubernetes.io/behavior", json::json_pointer("/spec/behavior")},
      {"autoscaling.alpha.kubernetes.io/conditions", json::json_pointer("/status/conditions")},
      {"autoscaling.alpha.kubernetes.io/current-metrics", json::json_pointer("/status/currentMetrics")},
  }};
  return all;
}

bool is_cpu_metric(const json& metric, std::string_view values) {
  return metric.value("type", "") == "Resource" && metric.value("/resource/name"_json_pointer, "") == "cpu" &&
         metric.contains(json::json_pointer("/resource/" + std::string(values) + "/averageUtilization"));
}

/// Takes the CPU utilization out of a list of metrics: the one that v1 has a field for.
void take_cpu(json& part, const char* list, std::string_view values, const char* field) {
  const auto metrics = part.find(list);
  if (metrics == part.end() || !metrics->is_array()) return;
  for (auto metric = metrics->begin(); metric != metrics->end(); ++metric) {
    if (!is_cpu_metric(*metric, values)) continue;
    part[field] = (*metric)["resource"][std::string(values)]["averageUtilization"];
    metrics->erase(metric);
    return;
  }
}

json cpu_metric(const char* values, const json& utilization) {
  json target{{"averageUtilization", utilization}};
  if (std::string_view(values) == "target") target["type"] = "Utilization";
  return {{"type", "Resource"}, {"resource", {{"name", "cpu"}, {values, std::move(target)}}}};
}

/// Puts it back, in front.
void put_cpu(json& part, const char* list, const char* values, const char* field) {
  const auto utilization = part.find(field);
  if (utilization == part.end()) return;
  json metrics = json::array({cpu_metric(values, *utilization)});
  part.erase(utilization);
  if (const auto others = part.find(list); others != part.end() && others->is_array())
    for (json& other : *others) metrics.push_back(std::move(other));
  part[list] = std::move(metrics);
}

json autoscaler_as_v1(json object) {
  if (object.contains("spec"))
    take_cpu(object["spec"], "metrics", "target", "targetCPUUtilizationPercentage");
  if (object.contains("status"))
    take_cpu(object["status"], "currentMetrics", "current", "currentCPUUtilizationPercentage");
  for (const carried_field& field : carried_fields()) {
    if (!object.contains(field.place)) continue;
    json& parent = object[field.place.parent_pointer()];
    const json value = std::move(parent[field.place.back()]);
    parent.erase(field.place.back());
    if (!value.empty()) object["metadata"]["annotations"][field.annotation] = json_text(value);
  }
  return object;
}

json autoscaler_as_v2(json object) {
  const auto metadata = object.find("metadata");
  for (const carried_field& field : carried_fields()) {
    if (metadata == object.end() || !metadata->contains("annotations")) break;
    json& annotations = (*metadata)["annotations"];
    const auto found = annotations.find(field.annotation);
    if (found == annotations.end() || !found->is_string()) continue;
    auto value = parse_json(found->get_ref<const std::string&>());
    annotations.erase(found);
    if (value && value->is_structured()) object[field.place] = std::move(*value);
    if (annotations.empty()) metadata->erase("annotations");
  }
  if (object.contains("spec")) put_cpu(object["spec"], "metrics", "target", "targetCPUUtilizationPercentage");
  if (object.contains("status"))
    put_cpu(object["status"], "currentMetrics", "current", "currentCPUUtilizationPercentage");
  return object;
}

/// Fills in and drops what the type's own rules demand. What people wrote into annotations may be no
/// autoscaler at all: then the object is kept without what does not fit.
json normal(const resource_type& type, json object) {
  auto done = decode_tree(*type.type, object, field_validation::ignore);
  if (!done && object.contains("spec")) {
    for (const carried_field& field : carried_fields())
      if (object.contains(field.place)) object[field.place.parent_pointer()].erase(field.place.back());
    done = decode_tree(*type.type, object, field_validation::ignore);
  }
  ALWAYS_WITH(done.has_value(), done.error().message);
  return std::move(done->object);
}

} // namespace

json to_stored_view(const resource_type& type, json object) {
  if (type.stored_as == type.id) return object;
  if (type.kind == "Event") {
    for (const auto& [stored, shown] : event_names) rename(object, shown, stored);
  } else {
    object = autoscaler_as_v2(std::move(object));
  }
  return normal(*resource_of(type.stored_as), std::move(object));
}

json from_stored_view(const resource_type& type, json object) {
  if (type.stored_as == type.id) return object;
  if (type.kind == "Event") {
    for (const auto& [stored, shown] : event_names) rename(object, stored, shown);
  } else {
    object = autoscaler_as_v1(std::move(object));
  }
  return normal(type, std::move(object));
}

} // namespace actord::schema
