#include "actors/controllers/nodes/taint_eviction_reconciler.hpp"

#include "actors/controllers/conditions.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace actord::actors {
namespace {

/// How long a pod may stay beside a taint; unset: for ever. Zero when it does not tolerate it.
std::optional<std::chrono::seconds> patience(const schema::pod_view& pod, const schema::taint_view& taint) {
  bool tolerated = false;
  std::optional<std::int64_t> least;
  for (const schema::toleration_view& each : pod.spec.tolerations) {
    if (!each.tolerates(taint)) continue;
    tolerated = true;
    if (each.seconds) least = std::min(least.value_or(*each.seconds), *each.seconds);
  }
  if (!tolerated) return std::chrono::seconds(0);
  if (!least) return std::nullopt;
  return std::chrono::seconds(std::max<std::int64_t>(0, *least));
}

void evict(plan& out, const object_key& key, const seen<schema::pod_view>& pod, wall_time now) {
  std::vector<schema::condition_view> conditions = pod.view.status.conditions;
  set_condition(conditions,
                {"DisruptionTarget", "True", "DeletionByTaintManager",
                 "Taint manager: deleting due to NoExecute taint", whole_seconds(now), std::nullopt});
  out.patch.push_back({key,
                       "status",
                       pod.view.meta.uid,
                       std::nullopt,
                       {{"status", {{"conditions", to_json(conditions)}}}},
                       out.verdict});
  out.remove.push_back({.key = key,
                        .uid = pod.view.meta.uid,
                        .at = std::nullopt,
                        .note = out.verdict,
                        .announce = planned_event{
                            .reason = "TaintManagerEviction",
                            .message = fmt::format("Marking for deletion Pod {}/{}", key.space, key.name)}});
}

} // namespace

std::vector<expelling_taint> expelling_taints(const schema::node_view& node, wall_time now) {
  std::vector<expelling_taint> out;
  const json all = json::parse(node.taints_text, nullptr, false);
  for (const json& each : all.is_array() ? all : json::array()) {
    if (each.value("effect", "") != "NoExecute") continue;
    const auto since = schema::parse_time(each.value("timeAdded", ""));
    out.push_back({{each.value("key", ""), each.value("value", ""), schema::taint_effect::no_execute},
                   since.value_or(now)});
  }
  return out;
}

plan reconcile(const object_key& key, const seen<schema::pod_view>& pod,
               std::span<const expelling_taint> taints, wall_time now) {
  plan out;
  out.verdict = taints.empty() ? "its node has no taint that expels" : "tolerates its node's taints";
  if (pod.view.meta.being_deleted()) {
    out.verdict = "on its way out";
    return out;
  }
  for (const expelling_taint& each : taints) {
    const auto stays = patience(pod.view, each.taint);
    if (!stays) continue;
    // Stamps have whole seconds: the taint may have come at the end of that one. Nobody goes before their
    // time.
    const std::chrono::seconds last_second(*stays > std::chrono::seconds(0) ? 1 : 0);
    const wall_time end = each.since + *stays + last_second;
    if (end <= now) {
      out.requeue_at.reset();
      out.verdict = fmt::format("its node has taint {}", each.taint.key);
      evict(out, key, pod, now);
      return out;
    }
    out.requeue_at = std::min(out.requeue_at.value_or(end), end);
    out.verdict = fmt::format("tolerates taint {} for {} s", each.taint.key, stays->count());
  }
  return out;
}

} // namespace actord::actors
