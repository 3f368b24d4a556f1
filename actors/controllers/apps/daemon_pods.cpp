#include "actors/controllers/apps/daemon_pods.hpp"

#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {

namespace {

using schema::taint_effect;

/// Taints that a daemon bears with: it is there to look after such nodes.
struct borne_taint {
  const char* key;
  taint_effect effect;
  bool only_with_host_network = false;
};
constexpr std::array<borne_taint, 7> borne_taints{{
    {"node.kubernetes.io/not-ready", taint_effect::no_execute},
    {"node.kubernetes.io/unreachable", taint_effect::no_execute},
    {"node.kubernetes.io/disk-pressure", taint_effect::no_schedule},
    {"node.kubernetes.io/memory-pressure", taint_effect::no_schedule},
    {"node.kubernetes.io/pid-pressure", taint_effect::no_schedule},
    {"node.kubernetes.io/unschedulable", taint_effect::no_schedule},
    {"node.kubernetes.io/network-unavailable", taint_effect::no_schedule, true},
}};

bool tolerated(const schema::daemon_set_view& set, const schema::taint_view& taint) {
  const bool borne = std::any_of(borne_taints.begin(), borne_taints.end(), [&](const borne_taint& one) {
    return one.key == taint.key && one.effect == taint.effect &&
           (set.host_network || !one.only_with_host_network);
  });
  return borne || std::any_of(set.tolerations.begin(), set.tolerations.end(),
                              [&](const auto& one) { return one.tolerates(taint); });
}

bool selects_node(const schema::daemon_set_view& set, const daemon_node& node) {
  if (!set.node_name.empty() && set.node_name != node.name) return false;
  for (const auto& [key, value] : set.node_selector) {
    const auto found = node.labels.find(key);
    if (found == node.labels.end() || found->second != value) return false;
  }
  const auto& required = set.node_affinity.required;
  return !required || std::any_of(required->begin(), required->end(),
                                  [&](const auto& term) { return matches(term, node.labels, node.name); });
}

void add_tolerations(const schema::daemon_set_view& set, json& spec) {
  json& list = spec["tolerations"];
  if (!list.is_array()) list = json::array();
  for (const borne_taint& one : borne_taints) {
    if (one.only_with_host_network && !set.host_network) continue;
    const json wanted{{"key", one.key}, {"operator", "Exists"}, {"effect", to_text(one.effect)}};
    if (std::find(list.begin(), list.end(), wanted) == list.end()) list.push_back(wanted);
  }
}

} // namespace

daemon_verdict verdict_on(const schema::daemon_set_view& set, const daemon_node& node) {
  if (!selects_node(set, node)) return {};
  daemon_verdict out{true, true};
  for (const schema::taint_view& taint : node.taints) {
    if (taint.effect == taint_effect::prefer_no_schedule || tolerated(set, taint)) continue;
    out.run = false;
    if (taint.effect == taint_effect::no_execute) out.stay = false;
  }
  return out;
}

json daemon_pod_body(const schema::daemon_set_view& set, std::string_view node, std::string_view hash) {
  json body = json::parse(set.pod_template.text, nullptr, false);
  if (!body.is_object()) body = json::object();
  json meta = json::object();
  if (const auto given = body.find("metadata"); given != body.end() && given->is_object())
    for (const char* member : {"labels", "annotations", "finalizers"})
      if (const auto found = given->find(member); found != given->end()) meta[member] = *found;
  meta["labels"]["controller-revision-hash"] = hash;
  if (!set.template_generation().empty())
    meta["labels"]["pod-template-generation"] = set.template_generation();
  meta["generateName"] = set.meta.name + '-';
  meta["namespace"] = set.meta.space;
  meta["ownerReferences"] = json::array({to_json(controller_reference("apps/v1", "DaemonSet", set.meta))});
  json& spec = body["spec"];
  if (!spec.is_object()) spec = json::object();
  const json field{{"key", "metadata.name"}, {"operator", "In"}, {"values", json::array({node})}};
  spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] =
      json::array({{{"matchFields", json::array({field})}}});
  add_tolerations(set, spec);
  body["apiVersion"] = "v1";
  body["kind"] = "Pod";
  body["metadata"] = std::move(meta);
  return body;
}

} // namespace actord::actors
