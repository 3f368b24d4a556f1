#include "schema/view/deployment_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

deployment_view parse_deployment(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  const read::value status = object["status"];
  deployment_view out;
  out.meta = parse_meta(object);
  out.replicas = spec["replicas"].number(1);
  out.min_ready_s = spec["minReadySeconds"].number();
  out.revision_history_limit = spec["revisionHistoryLimit"].number(10);
  out.progress_deadline_s = spec["progressDeadlineSeconds"].number(600);
  out.paused = spec["paused"].flag();
  out.recreate = spec["strategy"]["type"].view() == "Recreate";
  const read::value rolling = spec["strategy"]["rollingUpdate"];
  out.max_surge = parse_count_or_percent(rolling["maxSurge"]).value_or(out.max_surge);
  out.max_unavailable = parse_count_or_percent(rolling["maxUnavailable"]).value_or(out.max_unavailable);
  out.selector = parse_label_selector(spec["selector"]);
  out.selector_text = spec["selector"].raw();
  out.pod_template = parse_pod_template(spec["template"]);
  out.status.observed_generation = status["observedGeneration"].number();
  out.status.replicas = status["replicas"].number();
  out.status.updated = status["updatedReplicas"].number();
  out.status.ready = status["readyReplicas"].number();
  out.status.available = status["availableReplicas"].number();
  out.status.unavailable = status["unavailableReplicas"].number();
  out.status.terminating = status["terminatingReplicas"].number();
  out.status.collision_count = status["collisionCount"].maybe_number();
  out.status.conditions = status["conditions"].list(parse_condition);
  return out;
}

} // namespace actord::schema
