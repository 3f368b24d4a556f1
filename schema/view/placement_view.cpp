#include "schema/view/placement_view.hpp"

#include "schema/view/read.hpp"

#include <algorithm>

namespace actord::schema {

bool toleration_view::tolerates(const taint_view& taint) const {
  if (effect && *effect != taint.effect) return false;
  if (!key.empty() && key != taint.key) return false;
  if (key.empty() && !exists) return false;
  return exists || value == taint.value;
}

bool matches(const node_selector_term& term, const text_map& node_labels, std::string_view node_name) {
  if (term.labels.empty() && term.fields.empty()) return false;
  const auto all = [](const auto& requirements, const text_map& labels) {
    return std::all_of(requirements.begin(), requirements.end(),
                       [&](const auto& requirement) { return requirement.matches(labels); });
  };
  if (!all(term.labels, node_labels)) return false;
  return term.fields.empty() || all(term.fields, {{"metadata.name", std::string(node_name)}});
}

std::optional<taint_effect> taint_effect_of(std::string_view text) {
  if (text == "NoSchedule") return taint_effect::no_schedule;
  if (text == "PreferNoSchedule") return taint_effect::prefer_no_schedule;
  if (text == "NoExecute") return taint_effect::no_execute;
  return std::nullopt;
}

std::string_view to_text(taint_effect effect) {
  switch (effect) {
  case taint_effect::no_schedule:
    return "NoSchedule";
  case taint_effect::prefer_no_schedule:
    return "PreferNoSchedule";
  case taint_effect::no_execute:
    return "NoExecute";
  }
  return "";
}

std::optional<taint_view> parse_taint(const read::value& in) {
  const auto effect = taint_effect_of(in["effect"].view());
  if (!effect) return std::nullopt;
  return taint_view{in["key"].text(), in["value"].text(), *effect};
}

toleration_view parse_toleration(read::value in) {
  toleration_view out;
  out.key = in["key"].text();
  out.value = in["value"].text();
  out.exists = in["operator"].view() == "Exists";
  out.effect = taint_effect_of(in["effect"].view());
  out.seconds = in["tolerationSeconds"].maybe_number();
  return out;
}

namespace {

node_selector_term parse_node_term(read::value in) {
  return {in["matchExpressions"].list(parse_selector_requirement),
          in["matchFields"].list(parse_selector_requirement)};
}

preferred_node_term parse_preferred_node_term(read::value in) {
  return {in["weight"].number(), parse_node_term(in["preference"])};
}

pod_affinity_term parse_pod_term(read::value in) {
  return {parse_label_selector(in["labelSelector"]), in["namespaces"].texts(),
          parse_label_selector(in["namespaceSelector"]), in["topologyKey"].text()};
}

preferred_pod_affinity_term parse_preferred_pod_term(read::value in) {
  return {in["weight"].number(), parse_pod_term(in["podAffinityTerm"])};
}

} // namespace

node_affinity_view parse_node_affinity(const read::value& in) {
  node_affinity_view out;
  if (const auto required = in["requiredDuringSchedulingIgnoredDuringExecution"])
    out.required = required["nodeSelectorTerms"].list(parse_node_term);
  out.preferred = in["preferredDuringSchedulingIgnoredDuringExecution"].list(parse_preferred_node_term);
  return out;
}

pod_affinity_view parse_pod_affinity(const read::value& in) {
  return {in["requiredDuringSchedulingIgnoredDuringExecution"].list(parse_pod_term),
          in["preferredDuringSchedulingIgnoredDuringExecution"].list(parse_preferred_pod_term)};
}

topology_spread_view parse_topology_spread(read::value in) {
  topology_spread_view out;
  out.max_skew = in["maxSkew"].number(1);
  out.topology_key = in["topologyKey"].text();
  out.required = in["whenUnsatisfiable"].view() != "ScheduleAnyway";
  out.selector = parse_label_selector(in["labelSelector"]);
  out.match_label_keys = in["matchLabelKeys"].texts();
  out.min_domains = in["minDomains"].maybe_number();
  out.honor_affinity = in["nodeAffinityPolicy"].view() != "Ignore";
  out.honor_taints = in["nodeTaintsPolicy"].view() == "Honor";
  return out;
}

} // namespace actord::schema
