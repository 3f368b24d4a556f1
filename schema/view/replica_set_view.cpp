#include "schema/view/replica_set_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

pod_template_view parse_pod_template(const read::value& in) {
  const read::value meta = in["metadata"];
  return {meta["labels"].text_map(), meta["annotations"].text_map(), meta["finalizers"].texts(), in.raw()};
}

namespace {

/// All but the selector.
replica_set_view parse_set(const read::value& object) {
  const read::value spec = object["spec"];
  const read::value status = object["status"];
  replica_set_view out;
  out.meta = parse_meta(object);
  out.replicas = spec["replicas"].number(1);
  out.min_ready_s = spec["minReadySeconds"].number();
  out.pod_template = parse_pod_template(spec["template"]);
  out.status.replicas = status["replicas"].number();
  out.status.fully_labeled = status["fullyLabeledReplicas"].number();
  out.status.ready = status["readyReplicas"].number();
  out.status.available = status["availableReplicas"].number();
  out.status.terminating = status["terminatingReplicas"].number();
  out.status.observed_generation = status["observedGeneration"].number();
  out.status.conditions = status["conditions"].list(parse_condition);
  return out;
}

} // namespace

replica_set_view parse_replica_set(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  replica_set_view out = parse_set(object);
  out.selector = parse_label_selector(object["spec"]["selector"]);
  return out;
}

replica_set_view parse_replication_controller(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  replica_set_view out = parse_set(object);
  out.api_version = "v1";
  out.kind = "ReplicationController";
  out.selector = selector_of(object["spec"]["selector"].text_map());
  return out;
}

} // namespace actord::schema
