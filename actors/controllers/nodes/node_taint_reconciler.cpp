#include "actors/controllers/nodes/node_taint_reconciler.hpp"

#include "actors/controllers/conditions.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

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

/// Of a node whose pods have to go; in this order in `rules`.
constexpr std::size_t expelling_rules = 2;
constexpr std::size_t large_cluster = 50;

/// Key and effect.
using taint_name = std::pair<std::string, std::string>;

/// Taints of these keys and effects are ours to add and remove.
bool is_ours(const taint_name& taint) {
  const auto same = [&](const taint_rule& rule) { return rule.taint == taint.first; };
  if (taint.second == "NoExecute") return std::any_of(rules.begin(), rules.begin() + expelling_rules, same);
  return taint.second == "NoSchedule" &&
         (taint.first == unschedulable || std::any_of(rules.begin(), rules.end(), same));
}

std::set<taint_name> wanted_taints(const schema::node_view& node, bool expels) {
  std::set<taint_name> out;
  if (node.unschedulable) out.emplace(unschedulable, "NoSchedule");
  for (std::size_t at = 0; at < rules.size(); ++at) {
    const taint_rule& rule = rules[at];
    const auto* const condition = schema::find_condition(node.conditions, rule.condition);
    if (condition == nullptr || condition->status != rule.status) continue;
    out.emplace(rule.taint, "NoSchedule");
    if (expels && at < expelling_rules) out.emplace(rule.taint, "NoExecute");
  }
  return out;
}

} // namespace

bool expels_from_lost_nodes(const node_census& nodes) {
  if (nodes.ready == 0) return false;
  const std::size_t all = nodes.ready + nodes.others;
  return nodes.others < 3 || all > large_cluster || nodes.others * 2 <= all;
}

plan reconcile(const object_key& key, const seen<schema::node_view>& node, bool expels, wall_time now) {
  std::set<taint_name> missing = wanted_taints(node.view, expels);
  const std::string stamp = schema::format_time(whole_seconds(now));
  plan out;
  out.verdict = missing.empty() ? "fit for pods" : "kept from pods";
  json taints = json::array();
  bool changed = false;
  const json present = json::parse(node.view.taints_text, nullptr, false);
  for (json taint : present.is_array() ? present : json::array()) {
    const taint_name name{taint.value("key", ""), taint.value("effect", "")};
    if (is_ours(name) && missing.erase(name) == 0) {
      changed = true;
      continue;
    }
    if (name.second == "NoExecute" && taint.value("timeAdded", "").empty()) {
      taint["timeAdded"] = stamp;
      changed = true;
    }
    taints.push_back(std::move(taint));
  }
  if (!changed && missing.empty()) return out;
  for (const taint_name& added : missing)
    taints.push_back({{"key", added.first}, {"effect", added.second}, {"timeAdded", stamp}});
  if (taints.empty()) taints = nullptr;
  out.patch.push_back(
      {key, "", node.view.meta.uid, node.at, {{"spec", {{"taints", std::move(taints)}}}}, out.verdict});
  return out;
}

} // namespace actord::actors
