#include "actors/controllers/nodes/node_life_reconciler.hpp"

#include "actors/controllers/conditions.hpp"
#include "schema/base/json.hpp"

#include <array>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::array<std::string_view, 4> reported{"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};

/// True when anything changed.
bool forget_what_it_said(std::vector<schema::condition_view>& conditions, wall_time now) {
  bool changed = false;
  for (const std::string_view type : reported) {
    const auto* const before = schema::find_condition(conditions, type);
    if (before != nullptr && before->status == "Unknown") continue;
    const bool never = before == nullptr;
    changed |= set_condition(conditions, {.type = std::string(type),
                                          .status = "Unknown",
                                          .reason = never ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
                                          .message = never ? "Kubelet never posted node status."
                                                           : "Kubelet stopped posting node status.",
                                          .transitioned = now,
                                          .updated = never ? std::optional(now) : before->updated});
  }
  return changed;
}

/// As node conditions have it: lastHeartbeatTime where others have lastUpdateTime.
json node_conditions(const std::vector<schema::condition_view>& conditions) {
  json out = to_json(conditions);
  for (json& each : out)
    if (const auto updated = each.find("lastUpdateTime"); updated != each.end()) {
      each["lastHeartbeatTime"] = *updated;
      each.erase(updated);
    }
  return out;
}

planned_patch not_ready(const ready_pod& pod, const std::string& node, wall_time now) {
  std::vector<schema::condition_view> conditions = pod.conditions;
  set_condition(conditions, {"Ready", "False", "", "", now, std::nullopt});
  return {.key = pod.key,
          .subresource = "status",
          .uid = pod.uid,
          .at = std::nullopt,
          .patch = {{"status", {{"conditions", to_json(conditions)}}}},
          .note = "its node is silent",
          .announce = planned_event{.warning = true,
                                    .reason = "NodeNotReady",
                                    .message = fmt::format("Node {} is not ready", node),
                                    .regarding = pod.key}};
}

} // namespace

plan reconcile(const node_life_state& state, steady_time now, wall_time wall_now) {
  plan out;
  const schema::node_view& node = state.node.view;
  if (state.life.alive) {
    out.verdict = "heard from";
    if (state.life.look_again) out.requeue_at = wall_now + (*state.life.look_again - now);
    return out;
  }
  out.verdict = "not heard from";
  const wall_time stamp = whole_seconds(wall_now);
  std::vector<schema::condition_view> conditions = node.conditions;
  if (forget_what_it_said(conditions, stamp))
    out.patch.push_back({.key = state.key,
                         .subresource = "status",
                         .uid = node.meta.uid,
                         .at = state.node.at,
                         .patch = {{"status", {{"conditions", node_conditions(conditions)}}}},
                         .note = out.verdict,
                         .announce = planned_event{
                             .reason = "NodeNotReady",
                             .message = fmt::format("Node {} status is now: NodeNotReady", node.meta.name)}});
  for (const ready_pod& pod : state.pods) out.patch.push_back(not_ready(pod, node.meta.name, stamp));
  return out;
}

} // namespace actord::actors
