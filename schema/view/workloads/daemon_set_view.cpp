#include "schema/view/workloads/daemon_set_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

daemon_set_status_view parse_status(const read::value& in) {
  daemon_set_status_view out;
  out.observed_generation = in["observedGeneration"].number();
  out.desired = in["desiredNumberScheduled"].number();
  out.current = in["currentNumberScheduled"].number();
  out.misscheduled = in["numberMisscheduled"].number();
  out.ready = in["numberReady"].number();
  out.updated = in["updatedNumberScheduled"].number();
  out.available = in["numberAvailable"].number();
  out.unavailable = in["numberUnavailable"].number();
  out.collision_count = in["collisionCount"].maybe_number();
  return out;
}

} // namespace

std::string_view daemon_set_view::template_generation() const {
  const auto found = meta.annotations.find("deprecated.daemonset.template.generation");
  return found == meta.annotations.end() ? std::string_view() : std::string_view(found->second);
}

daemon_set_view parse_daemon_set(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  const read::value strategy = spec["updateStrategy"];
  const read::value pod = spec["template"]["spec"];
  daemon_set_view out;
  out.meta = parse_meta(object);
  out.min_ready_s = spec["minReadySeconds"].number();
  out.revision_history_limit = spec["revisionHistoryLimit"].number(10);
  out.on_delete = strategy["type"].view() == "OnDelete";
  const read::value rolling = strategy["rollingUpdate"];
  out.max_surge = parse_count_or_percent(rolling["maxSurge"]).value_or(out.max_surge);
  out.max_unavailable = parse_count_or_percent(rolling["maxUnavailable"]).value_or(out.max_unavailable);
  out.selector = parse_label_selector(spec["selector"]);
  out.pod_template = parse_pod_template(spec["template"]);
  out.node_name = pod["nodeName"].text();
  out.node_selector = pod["nodeSelector"].text_map();
  out.node_affinity = parse_node_affinity(pod["affinity"]["nodeAffinity"]);
  out.tolerations = pod["tolerations"].list(parse_toleration);
  out.host_network = pod["hostNetwork"].flag();
  out.status = parse_status(object["status"]);
  return out;
}

std::vector<taint_view> parse_node_taints(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  std::vector<taint_view> out;
  object["spec"]["taints"].each([&](const read::value& taint) {
    if (auto parsed = parse_taint(taint)) out.push_back(std::move(*parsed));
  });
  return out;
}

std::string parse_target_node(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const node_affinity_view affinity = parse_node_affinity(object["spec"]["affinity"]["nodeAffinity"]);
  if (!affinity.required) return {};
  for (const node_selector_term& term : *affinity.required)
    for (const selector_requirement& field : term.fields)
      if (field.key == "metadata.name" && field.op == selector_operator::in && field.values.size() == 1)
        return field.values[0];
  return {};
}

} // namespace actord::schema
