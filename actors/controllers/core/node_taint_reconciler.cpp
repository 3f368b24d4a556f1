#include "actors/controllers/core/node_taint_reconciler.hpp"

#include "actors/controllers/conditions.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace actord::actors {

namespace {

struct taint_rule {
  std::string_view condition;
  std::string_view status;
  std::string_view taint;
};

constexpr std::string_view unschedulable = "node.kubernetes.io/unschedulable";
constexpr std::array rules{
    taint_rule{"Ready", "False", "node.kubernetes.io/not-ready"},
    taint_rule{"Ready", "Unknown", "node.kubernetes.io/unreachable"},
    taint_rule{"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
    taint_rule{"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
    taint_rule{"PIDPressure", "True", "node.kubernetes.io/pid-pressure"},
    taint_rule{"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"},
};

/// Taints of these keys and the effect NoSchedule are ours to add and remove.
bool is_ours(std::string_view key, std::string_view effect) {
  return effect == "NoSchedule" &&
         (key == unschedulable ||
          std::any_of(rules.begin(), rules.end(), [&](const auto& rule) { return rule.taint == key; }));
}

std::set<std::string_view> wanted_taints(const schema::node_view& node) {
  std::set<std::string_view> out;
  if (node.unschedulable) out.insert(unschedulable);
  for (const taint_rule& rule : rules)
    if (const auto* const condition = schema::find_condition(node.conditions, rule.condition);
        condition != nullptr && condition->status == rule.status)
      out.insert(rule.taint);
  return out;
}

} // namespace

plan reconcile(const object_key& key, const seen<schema::node_view>& node, wall_time now) {
  std::set<std::string_view> missing = wanted_taints(node.view);
  plan out;
  out.verdict = missing.empty() ? "fit for pods" : "kept from pods";
  json taints = json::array();
  bool changed = false;
  const json present = json::parse(node.view.taints_text, nullptr, false);
  for (const json& taint : present.is_array() ? present : json::array()) {
    const std::string name = taint.value("key", "");
    if (is_ours(name, taint.value("effect", "")) && missing.erase(name) == 0)
      changed = true;
    else
      taints.push_back(taint);
  }
  if (!changed && missing.empty()) return out;
  for (const std::string_view added : missing)
    taints.push_back(
        {{"key", added}, {"effect", "NoSchedule"}, {"timeAdded", schema::format_time(whole_seconds(now))}});
  if (taints.empty()) taints = nullptr;
  out.patch.push_back(
      {key, "", node.view.meta.uid, node.at, {{"spec", {{"taints", std::move(taints)}}}}, out.verdict});
  return out;
}

} // namespace actord::actors
