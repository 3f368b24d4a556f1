#include "actors/objects/pod_binding.hpp"

#include "schema/base/timestamp.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

error refusal(error_kind kind, std::string message, std::string_view name) {
  return {.kind = kind,
          .message = std::move(message),
          .causes = {},
          .subject = error_subject{"", "pods/binding", std::string(name), {}}};
}

void merge_texts(json& metadata, const json& from, const char* field) {
  const auto found = from.find(field);
  if (found == from.end() || !found->is_object() || found->empty()) return;
  json& into = metadata[field];
  if (!into.is_object()) into = json::object();
  into.update(*found);
}

void set_scheduled(json& pod, wall_time now) {
  json& conditions = pod["status"]["conditions"];
  if (!conditions.is_array()) conditions = json::array();
  json scheduled = {{"type", "PodScheduled"},
                    {"status", "True"},
                    {"lastProbeTime", nullptr},
                    {"lastTransitionTime", schema::format_time(now)}};
  for (json& condition : conditions) {
    if (condition.value("type", "") != "PodScheduled") continue;
    if (condition.value("status", "") == "True") return;
    condition = std::move(scheduled);
    return;
  }
  conditions.push_back(std::move(scheduled));
}

} // namespace

result<void> bind_pod(json& pod, const json& binding, wall_time now) {
  const std::string name = pod["metadata"].value("name", "");
  const json target = binding.value("target", json::object());
  const std::string node = target.value("name", "");
  const std::string kind = target.value("kind", "");
  if (!kind.empty() && kind != "Node")
    return refusal(
        error_kind::bad_request,
        fmt::format("target.kind: Unsupported value: \"{}\": supported values: \"Node\", \"<empty>\"", kind),
        name);
  if (node.empty()) return refusal(error_kind::bad_request, "target.name: Required value", name);
  const auto conflict = [&](std::string_view why) {
    return refusal(error_kind::conflict,
                   fmt::format("Operation cannot be fulfilled on pods/binding \"{}\": {}", name, why), name);
  };
  json& metadata = pod["metadata"];
  if (metadata.contains("deletionTimestamp"))
    return conflict(fmt::format("pod {} is being deleted, cannot be assigned to a host", name));
  json& spec = pod["spec"];
  if (const std::string bound = spec.value("nodeName", ""); !bound.empty())
    return conflict(fmt::format("pod {} is already assigned to node \"{}\"", name, bound));
  if (const auto gates = spec.find("schedulingGates"); gates != spec.end() && !gates->empty())
    return conflict(fmt::format("pod {} has non-empty .spec.schedulingGates", name));
  spec["nodeName"] = node;
  if (pod.contains("status")) pod["status"].erase("nominatedNodeName");
  const json from = binding.value("metadata", json::object());
  merge_texts(metadata, from, "annotations");
  merge_texts(metadata, from, "labels");
  set_scheduled(pod, now);
  return {};
}

} // namespace actord::actors
