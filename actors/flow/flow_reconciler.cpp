#include "actors/flow/flow_reconciler.hpp"

#include "actors/flow/default_flow_objects.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace actord::actors {
namespace {

std::string name_of(const json& object) { return object["metadata"].value("name", ""); }

const json* find_named(std::span<const json> objects, const std::string& name) {
  const auto found = std::ranges::find_if(objects, [&](const json& each) { return name_of(each) == name; });
  return found == objects.end() ? nullptr : &*found;
}

/// What the annotation says; nothing when it is missing or no boolean.
std::optional<bool> annotated(const json& object) {
  const json annotations = object["metadata"].value("annotations", json::object());
  const auto found = annotations.find(keep_spec_annotation);
  if (found == annotations.end() || !found->is_string()) return std::nullopt;
  const auto& text = found->get_ref<const std::string&>();
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  return std::nullopt;
}

void maintain(std::span<const json> there, const std::vector<json>& wanted, bool mandatory, flow_plan& plan) {
  for (const json& object : wanted) {
    const json* current = find_named(there, name_of(object));
    if (current == nullptr) {
      plan.create.push_back(object);
      continue;
    }
    const auto says = annotated(*current);
    const bool follows = mandatory || says.value_or((*current)["metadata"].value("generation", 0) == 1);
    const bool spec_differs = follows && current->value("spec", json()) != object["spec"];
    if (!spec_differs && says == follows) continue;
    json revised = *current;
    if (spec_differs) revised["spec"] = object["spec"];
    revised["metadata"]["annotations"][keep_spec_annotation] = follows ? "true" : "false";
    plan.update.push_back(std::move(revised));
  }
}

const json* dangling_condition(const json& schema) {
  const auto status = schema.find("status");
  if (status == schema.end() || !status->contains("conditions")) return nullptr;
  for (const json& condition : (*status)["conditions"])
    if (condition.value("type", "") == "Dangling") return &condition;
  return nullptr;
}

void judge_reference(const json& schema, std::span<const json> levels, wall_time now, flow_plan& plan) {
  const json reference = schema["spec"].value("priorityLevelConfiguration", json::object());
  const std::string level = reference.value("name", "");
  const bool found = find_named(levels, level) != nullptr;
  json condition = {
      {"type", "Dangling"},
      {"status", found ? "False" : "True"},
      {"reason", found ? "Found" : "NotFound"},
      {"message",
       fmt::format("This FlowSchema references the PriorityLevelConfiguration object named \"{}\" {}", level,
                   found ? "and it exists" : "but there is no such object")}};
  if (const json* current = dangling_condition(schema)) {
    json known = *current;
    known.erase("lastTransitionTime");
    if (known == condition) return;
  }
  condition["lastTransitionTime"] = schema::format_time(now);
  plan.status.push_back({{"apiVersion", schema["apiVersion"]},
                         {"kind", "FlowSchema"},
                         {"metadata", {{"name", name_of(schema)}}},
                         {"status", {{"conditions", json::array({std::move(condition)})}}}});
}

} // namespace

flow_plan plan_flow_objects(std::span<const json> schemas, std::span<const json> levels, wall_time now) {
  flow_plan plan;
  maintain(levels, mandatory_priority_levels(), true, plan);
  maintain(levels, suggested_priority_levels(), false, plan);
  maintain(schemas, mandatory_flow_schemas(), true, plan);
  maintain(schemas, suggested_flow_schemas(), false, plan);
  for (const json& schema : schemas) judge_reference(schema, levels, now, plan);
  return plan;
}

} // namespace actord::actors
