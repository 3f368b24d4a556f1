#include "schema/view/workloads/stateful_set_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

stateful_set_status_view parse_status(const read::value& in) {
  stateful_set_status_view out;
  out.observed_generation = in["observedGeneration"].number();
  out.replicas = in["replicas"].number();
  out.ready = in["readyReplicas"].number();
  out.current = in["currentReplicas"].number();
  out.updated = in["updatedReplicas"].number();
  out.available = in["availableReplicas"].number();
  out.current_revision = in["currentRevision"].text();
  out.update_revision = in["updateRevision"].text();
  out.collision_count = in["collisionCount"].number();
  return out;
}

claim_template_view parse_claim_template(read::value in) { return {in["metadata"]["name"].text(), in.raw()}; }

} // namespace

stateful_set_view parse_stateful_set(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  const read::value strategy = spec["updateStrategy"];
  const read::value retention = spec["persistentVolumeClaimRetentionPolicy"];
  stateful_set_view out;
  out.meta = parse_meta(object);
  out.replicas = spec["replicas"].number(1);
  out.first_ordinal = spec["ordinals"]["start"].number();
  out.min_ready_s = spec["minReadySeconds"].number();
  out.revision_history_limit = spec["revisionHistoryLimit"].number(10);
  out.parallel = spec["podManagementPolicy"].view() == "Parallel";
  out.on_delete = strategy["type"].view() == "OnDelete";
  if (const read::value rolling = strategy["rollingUpdate"]) {
    out.partition = rolling["partition"].number();
    out.max_unavailable = parse_count_or_percent(rolling["maxUnavailable"]);
  }
  out.deletes_claims_with_set = retention["whenDeleted"].view() == "Delete";
  out.deletes_claims_with_pods = retention["whenScaled"].view() == "Delete";
  out.service_name = spec["serviceName"].text();
  out.selector = parse_label_selector(spec["selector"]);
  out.match_labels = spec["selector"]["matchLabels"].text_map();
  out.claim_templates = spec["volumeClaimTemplates"].list(parse_claim_template);
  out.pod_template = parse_pod_template(spec["template"]);
  out.status = parse_status(object["status"]);
  return out;
}

} // namespace actord::schema
