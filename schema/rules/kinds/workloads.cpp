#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/kinds/workload_parts.hpp"
#include "schema/rules/pod/pod_defaults.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/pod/pod_warnings.hpp"
#include "schema/rules/strategy_table.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

namespace actord::schema::rules {

// Parts that the kinds below share.

void check_restarts_always(const field& pod_template, std::string_view kind, field_errors& errors) {
  const field spec = pod_template.at("spec");
  const field restart = spec.at("restartPolicy");
  if (restart.text() != "Always") errors.not_supported(restart, restart.text(), {"Always"});
  const field deadline = spec.at("activeDeadlineSeconds");
  if (deadline.present())
    errors.forbidden(deadline, fmt::format("activeDeadlineSeconds in {} is not Supported", kind));
}

void check_template_labels(const field& selector, const field& pod_template, field_errors& errors) {
  const field labels = pod_template.at("metadata").at("labels");
  if ((selector.present() && empty_selector(selector)) || selector_matches(selector, labels)) return;
  errors.invalid(labels, labels.value(), "`selector` does not match template `labels`");
}

bool check_workload_selector(const field& selector, std::string_view kind, field_errors& errors) {
  if (!selector.present())
    errors.required(selector);
  else {
    check_selector(selector, errors);
    if (empty_selector(selector))
      errors.invalid(selector, as_structure(label_selector_type, selector.value()),
                     fmt::format("empty selector is invalid for {}", kind));
  }
  return usable_selector(selector);
}

void check_collision_count(const field& status, const field& old, field_errors& errors) {
  const field count = status.at("collisionCount");
  const field before = old.at("collisionCount");
  if (before.present() && count.integer() < before.integer())
    errors.invalid(count, count.integer(), "cannot be decremented");
}

void check_not_above(const field& status, std::initializer_list<std::string_view> names,
                     std::string_view limit, std::string_view detail, field_errors& errors) {
  for (const std::string_view name : names)
    if (const field count = status.at(name); count.integer() > status.at(limit).integer())
      errors.invalid(count, count.integer(), detail);
}

namespace {

constexpr std::string_view above_replicas = "cannot be greater than status.replicas";

// Deployment

void default_deployment(json& object) {
  json& spec = open_member(object, "spec");
  fill(spec, "replicas", 1);
  json& strategy = open_member(spec, "strategy");
  fill_zero(strategy, "type", "RollingUpdate");
  if (field(strategy).at("type").text() == "RollingUpdate") {
    json& rolling = open_member(strategy, "rollingUpdate");
    fill(rolling, "maxUnavailable", "25%");
    fill(rolling, "maxSurge", "25%");
  }
  fill(spec, "revisionHistoryLimit", 10);
  fill(spec, "progressDeadlineSeconds", 600);
  default_pod_template(open_member(spec, "template"));
}

void check_rolling_deployment(const field& rolling, field_errors& errors) {
  const field unavailable = rolling.at("maxUnavailable");
  const field surge = rolling.at("maxSurge");
  check_count_or_percentage(unavailable, errors);
  check_count_or_percentage(surge, errors);
  if (count_or_percentage(unavailable) == 0 && count_or_percentage(surge) == 0)
    errors.invalid(unavailable, unavailable.value(), "may not be 0 when `maxSurge` is 0");
  check_at_most_all(unavailable, errors);
}

void check_template_of_set(const field& spec, std::string_view kind, field_errors& errors) {
  const field selector = spec.at("selector");
  const field pod_template = spec.at("template");
  if (!check_workload_selector(selector, kind, errors)) {
    errors.invalid(selector, as_structure(label_selector_type, selector.value()), "invalid label selector");
    return;
  }
  check_template_labels(selector, pod_template, errors);
  check_pod_template(pod_template, errors);
  check_restarts_always(pod_template, "ReplicaSet", errors);
}

void check_deployment(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  check_counts(spec, {"replicas"}, errors);
  check_template_of_set(spec, "deployment", errors);
  const field strategy = spec.at("strategy");
  const field rolling = strategy.at("rollingUpdate");
  const std::string_view type = strategy.at("type").text();
  if (type == "Recreate") {
    if (rolling.present())
      errors.forbidden(rolling, "may not be specified when strategy `type` is 'Recreate'");
  } else if (type == "RollingUpdate") {
    if (!rolling.present())
      errors.required(rolling, "this should be defaulted and never be nil");
    else
      check_rolling_deployment(rolling, errors);
  } else
    errors.not_supported(strategy, as_structure("io.k8s.api.apps.v1.DeploymentStrategy", strategy.value()),
                         {"Recreate", "RollingUpdate"});
  check_counts(spec, {"minReadySeconds", "revisionHistoryLimit"}, errors);
  const field deadline = spec.at("progressDeadlineSeconds");
  if (!deadline.present()) return;
  at_least(deadline, 0, errors);
  if (deadline.integer() <= spec.at("minReadySeconds").integer())
    errors.invalid(deadline, deadline.value(), "must be greater than minReadySeconds");
}

void check_deployment_update(const json& object, const json& old, field_errors& errors,
                             const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status") {
    const field status = field(object).at("status");
    check_counts(status,
                 {"observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
                  "unavailableReplicas", "terminatingReplicas", "collisionCount"},
                 errors);
    check_not_above(status, {"updatedReplicas", "readyReplicas", "availableReplicas"}, "replicas",
                    above_replicas, errors);
    check_not_above(status, {"availableReplicas"}, "readyReplicas", "cannot be greater than readyReplicas",
                    errors);
    check_collision_count(status, field(old).at("status"), errors);
    return;
  }
  check_deployment(object, errors, context);
  check_immutable(field(object).at("spec").at("selector"), field(old).at("spec").at("selector"), errors);
}

/// A change of annotations counts, for it reaches the replica sets; labels are not the status writer's to
/// change.
void prepare_deployment_update(json& object, const json& old, const rule_context& context) {
  prepare_update_as_usual(object, old, context);
  const field metadata = field(object).at("metadata");
  const field before = field(old).at("metadata");
  if (context.subresource == "status") {
    const json labels = before.at("labels").value();
    if (labels.is_null())
      object["metadata"].erase("labels");
    else
      object["metadata"]["labels"] = labels;
  } else if (metadata.at("generation").integer() == before.at("generation").integer() &&
             !same(metadata.at("annotations").value(), before.at("annotations").value()))
    object["metadata"]["generation"] = before.at("generation").integer() + 1;
}

// ReplicaSet

void default_replica_set(json& object) {
  json& spec = open_member(object, "spec");
  fill(spec, "replicas", 1);
  default_pod_template(open_member(spec, "template"));
}

void check_replica_set(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  check_counts(spec, {"replicas", "minReadySeconds"}, errors);
  check_template_of_set(spec, "deployment", errors);
}

void check_replica_status(const field& status, field_errors& errors) {
  check_counts(status,
               {"replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas",
                "observedGeneration", "terminatingReplicas"},
               errors);
  check_not_above(status, {"fullyLabeledReplicas", "readyReplicas", "availableReplicas"}, "replicas",
                  above_replicas, errors);
  check_not_above(status, {"availableReplicas"}, "readyReplicas", "cannot be greater than readyReplicas",
                  errors);
}

void check_replica_set_update(const json& object, const json& old, field_errors& errors,
                              const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status") return check_replica_status(field(object).at("status"), errors);
  check_replica_set(object, errors, context);
  check_immutable(field(object).at("spec").at("selector"), field(old).at("spec").at("selector"), errors);
}

// ReplicationController

void default_replication_controller(json& object) {
  json& spec = open_member(object, "spec");
  fill(spec, "replicas", 1);
  if (json* pod_template = member(spec, "template")) {
    const json labels = field(*pod_template).at("metadata").at("labels").value();
    if (labels.is_object()) {
      fill_zero(spec, "selector", labels);
      fill_zero(open_member(object, "metadata"), "labels", labels);
    }
    default_pod_template(*pod_template);
  }
}

void check_replication_controller(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  const field selector = spec.at("selector");
  const field pod_template = spec.at("template");
  check_counts(spec, {"minReadySeconds"}, errors);
  require(selector, errors);
  check_counts(spec, {"replicas"}, errors);
  if (!pod_template.present()) {
    errors.required(pod_template);
    return;
  }
  const field labels = pod_template.at("metadata").at("labels");
  if (!labels_match(selector.value(), labels))
    errors.invalid(labels, labels.value(), "`selector` does not match template `labels`");
  check_pod_template(pod_template, errors);
  check_restarts_always(pod_template, "ReplicationController", errors);
}

void check_replication_controller_update(const json& object, const json& old, field_errors& errors,
                                         const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status") return check_replica_status(field(object).at("status"), errors);
  check_replication_controller(object, errors, context);
}

} // namespace

constinit const kind_rules deployment_rules{.set_defaults = default_deployment,
                                            .prepare_create = prepare_create_as_usual,
                                            .prepare_update = prepare_deployment_update,
                                            .validate_create = check_after_metadata<check_deployment>,
                                            .validate_update = check_deployment_update,
                                            .warn = warn_of_workload};
constinit const kind_rules replica_set_rules{.set_defaults = default_replica_set,
                                             .prepare_create = prepare_create_as_usual,
                                             .prepare_update = prepare_update_as_usual,
                                             .validate_create = check_after_metadata<check_replica_set>,
                                             .validate_update = check_replica_set_update,
                                             .warn = warn_of_workload};
constinit const kind_rules replication_controller_rules{
    .set_defaults = default_replication_controller,
    .prepare_create = prepare_create_as_usual,
    .prepare_update = prepare_update_as_usual,
    .validate_create = check_after_metadata<check_replication_controller>,
    .validate_update = check_replication_controller_update,
    .warn = warn_of_workload};

} // namespace actord::schema::rules
