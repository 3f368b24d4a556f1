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

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace actord::schema::rules {

namespace {

// DaemonSet

constexpr const char* template_generation = "deprecated.daemonset.template.generation";

void default_daemon_set(json& object) {
  json& spec = open_member(object, "spec");
  json& strategy = open_member(spec, "updateStrategy");
  fill_zero(strategy, "type", "RollingUpdate");
  if (field(strategy).at("type").text() == "RollingUpdate") {
    json& rolling = open_member(strategy, "rollingUpdate");
    fill(rolling, "maxUnavailable", 1);
    fill(rolling, "maxSurge", 0);
  }
  fill(spec, "revisionHistoryLimit", 10);
  default_pod_template(open_member(spec, "template"));
  // Clients see the generation of the template as an annotation, which starts at zero before the server
  // counts.
  fill(open_member(open_member(object, "metadata"), "annotations"), template_generation, "0");
}

std::int64_t template_generation_of(const json& object) {
  const std::string_view text = field(object).at("metadata").at("annotations").at(template_generation).text();
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void set_template_generation(json& object, std::int64_t value) {
  open_member(object["metadata"], "annotations")[template_generation] = std::to_string(value);
}

void prepare_daemon_set_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  set_template_generation(object, std::max<std::int64_t>(template_generation_of(object), 1));
}

void prepare_daemon_set_update(json& object, const json& old, const rule_context& context) {
  prepare_update_as_usual(object, old, context);
  const bool changed =
      !same(field(object).at("spec").at("template").value(), field(old).at("spec").at("template").value());
  set_template_generation(object, template_generation_of(old) + (changed ? 1 : 0));
}

void check_rolling_daemons(const field& rolling, field_errors& errors) {
  const field unavailable = rolling.at("maxUnavailable");
  const field surge = rolling.at("maxSurge");
  check_count_or_percentage(unavailable, errors);
  check_count_or_percentage(surge, errors);
  check_at_most_all(unavailable, errors);
  check_at_most_all(surge, errors);
  const bool has_unavailable = count_or_percentage(unavailable) != 0;
  const bool has_surge = count_or_percentage(surge) != 0;
  if (has_unavailable && has_surge)
    errors.invalid(surge, surge.value(), "may not be set when maxUnavailable is non-zero");
  else if (!has_unavailable && !has_surge)
    errors.required(unavailable, "cannot be 0 when maxSurge is 0");
}

void check_daemon_set(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  const field selector = spec.at("selector");
  const field pod_template = spec.at("template");
  check_selector(selector, errors);
  const field labels = pod_template.at("metadata").at("labels");
  if (usable_selector(selector) && !selector_matches(selector, labels))
    errors.invalid(labels, labels.value(), "`selector` does not match template `labels`");
  if (selector.present() && empty_selector(selector))
    errors.invalid(selector, as_structure(label_selector_type, selector.value()),
                   "empty selector is invalid for daemonset");
  check_pod_template(pod_template, errors);
  check_restarts_always(pod_template, "DaemonSet", errors);
  check_counts(spec, {"minReadySeconds"}, errors);
  const field strategy = spec.at("updateStrategy");
  const field rolling = strategy.at("rollingUpdate");
  if (strategy.at("type").text() == "RollingUpdate") {
    if (!rolling.present())
      errors.required(rolling);
    else
      check_rolling_daemons(rolling, errors);
  } else if (strategy.at("type").text() != "OnDelete")
    errors.not_supported(strategy,
                         as_structure("io.k8s.api.apps.v1.DaemonSetUpdateStrategy", strategy.value()),
                         {"RollingUpdate", "OnDelete"});
  check_counts(spec, {"revisionHistoryLimit"}, errors);
}

void check_daemon_set_update(const json& object, const json& old, field_errors& errors,
                             const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  const field spec = field(object).at("spec");
  if (context.subresource == "status") {
    const field status = field(object).at("status");
    check_counts(status,
                 {"currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
                  "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable",
                  "collisionCount"},
                 errors);
    check_collision_count(status, field(old).at("status"), errors);
    return;
  }
  check_immutable(spec.at("selector"), field(old).at("spec").at("selector"), errors);
  check_daemon_set(object, errors, context);
}

// StatefulSet

void default_stateful_set(json& object) {
  json& spec = open_member(object, "spec");
  fill_zero(spec, "podManagementPolicy", "OrderedReady");
  json& strategy = open_member(spec, "updateStrategy");
  if (field(strategy).at("type").zero()) {
    strategy["type"] = "RollingUpdate";
    fill(strategy, "rollingUpdate", json::object());
  }
  if (field(strategy).at("type").text() == "RollingUpdate")
    if (json* rolling = member(strategy, "rollingUpdate")) fill(*rolling, "partition", 0);
  json& retention = open_member(spec, "persistentVolumeClaimRetentionPolicy");
  fill_zero(retention, "whenDeleted", "Retain");
  fill_zero(retention, "whenScaled", "Retain");
  fill(spec, "replicas", 1);
  fill(spec, "revisionHistoryLimit", 10);
  default_pod_template(open_member(spec, "template"));
  if (json* claims = member(spec, "volumeClaimTemplates"))
    for (json& claim : *claims) {
      fill_zero(claim, "apiVersion", "v1");
      fill_zero(claim, "kind", "PersistentVolumeClaim");
      default_claim_spec(open_member(claim, "spec"));
      fill_zero(open_member(claim, "status"), "phase", "Pending");
    }
}

/// maxUnavailable is not served yet: what was not there before is dropped.
void drop_max_unavailable(json& object, const json* old) {
  json* rolling = member_at(object, "spec.updateStrategy.rollingUpdate");
  if (rolling == nullptr) return;
  if (old != nullptr &&
      field(*old).at("spec").at("updateStrategy").at("rollingUpdate").contains("maxUnavailable"))
    return;
  rolling->erase("maxUnavailable");
}

void prepare_stateful_set_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  drop_max_unavailable(object, nullptr);
}

void prepare_stateful_set_update(json& object, const json& old, const rule_context& context) {
  if (context.subresource.empty()) drop_max_unavailable(object, &old);
  prepare_update_as_usual(object, old, context);
}

/// The template as the pods will have it: claims are volumes, names are the set's to give.
json effective_template(const field& spec) {
  json pod_template = spec.at("template").value();
  json* pod_spec = member(pod_template, "spec");
  if (pod_spec == nullptr) return pod_template;
  pod_spec->erase("subdomain");
  pod_spec->erase("hostname");
  const field claims = spec.at("volumeClaimTemplates");
  if (claims.size() == 0) return pod_template;
  json volumes = json::array();
  for (const field claim : claims.items()) {
    const std::string name(claim.at("metadata").at("name").text());
    const auto same_name = [&](const json& other) { return other["name"] == name; };
    if (std::ranges::any_of(volumes, same_name)) continue;
    volumes.push_back({{"name", name}, {"persistentVolumeClaim", {{"claimName", name}}}});
  }
  const std::size_t made = volumes.size();
  if (const json* own = member(*pod_spec, "volumes"))
    for (const json& volume : *own) {
      const auto same_name = [&](const json& other) { return other["name"] == volume.value("name", ""); };
      if (std::none_of(volumes.begin(), volumes.begin() + static_cast<std::ptrdiff_t>(made), same_name))
        volumes.push_back(volume);
    }
  (*pod_spec)["volumes"] = std::move(volumes);
  return pod_template;
}

void check_rolling_set(const field& rolling, field_errors& errors) {
  check_counts(rolling, {"partition"}, errors);
  const field unavailable = rolling.at("maxUnavailable");
  if (!unavailable.present()) return;
  check_count_or_percentage(unavailable, errors);
  if (count_or_percentage(unavailable) == 0) errors.invalid(unavailable, unavailable.value(), "cannot be 0");
  check_at_most_all(unavailable, errors);
}

void check_set_strategy(const field& strategy, field_errors& errors) {
  const field rolling = strategy.at("rollingUpdate");
  const std::string_view type = strategy.at("type").text();
  if (type.empty())
    errors.required(strategy);
  else if (type == "OnDelete") {
    if (rolling.present())
      errors.invalid(rolling, rolling.value(), "only allowed for updateStrategy 'RollingUpdate'");
  } else if (type == "RollingUpdate") {
    if (rolling.present()) check_rolling_set(rolling, errors);
  } else
    errors.invalid(strategy, as_structure("io.k8s.api.apps.v1.StatefulSetUpdateStrategy", strategy.value()),
                   "must be 'RollingUpdate' or 'OnDelete'");
}

void check_set_spec(const field& spec, bool update, field_errors& errors) {
  const field policy = spec.at("podManagementPolicy");
  if (policy.zero())
    errors.required(policy);
  else if (policy.text() != "OrderedReady" && policy.text() != "Parallel")
    errors.invalid(policy, policy.text(), "must be 'OrderedReady' or 'Parallel'");
  check_set_strategy(spec.at("updateStrategy"), errors);
  if (const field retention = spec.at("persistentVolumeClaimRetentionPolicy"); retention.present()) {
    one_of(retention.at("whenDeleted"), {"Retain", "Delete"}, errors);
    one_of(retention.at("whenScaled"), {"Retain", "Delete"}, errors);
  }
  if (!update)
    for (const field claim : spec.at("volumeClaimTemplates").items())
      check_claim_spec(claim.at("spec"), errors);
  check_counts(spec, {"replicas", "minReadySeconds"}, errors);
  check_counts(spec.at("ordinals"), {"start"}, errors);
  if (!update && !spec.at("serviceName").zero()) check_format(spec.at("serviceName"), dns_label, errors);
  const field selector = spec.at("selector");
  if (!check_workload_selector(selector, "statefulset", errors))
    errors.invalid(selector, as_structure(label_selector_type, selector.value()), "");
  else {
    const json as_run = effective_template(spec);
    const field pod_template = spec.at("template").with(as_run);
    check_template_labels(selector, pod_template, errors);
    check_pod_template(pod_template, errors);
    const field metadata = pod_template.at("metadata");
    const field annotations = pod_template.named("annotations").with(metadata.at("annotations").value());
    check_labels(pod_template.named("labels").with(metadata.at("labels").value()), errors);
    check_annotations(annotations, errors);
    check_pod_annotations(annotations, pod_template.at("spec"), errors);
  }
  check_restarts_always(spec.at("template"), "StatefulSet", errors);
}

void check_stateful_set(const json& object, field_errors& errors, const rule_context&) {
  check_set_spec(field(object).at("spec"), false, errors);
}

void check_stateful_set_status(const field& status, const field& old, field_errors& errors) {
  check_counts(status,
               {"replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas",
                "observedGeneration", "collisionCount"},
               errors);
  check_not_above(status, {"readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"},
                  "replicas", "cannot be greater than status.replicas", errors);
  check_not_above(status, {"availableReplicas"}, "readyReplicas",
                  "cannot be greater than status.readyReplicas", errors);
  check_collision_count(status, old, errors);
}

void check_stateful_set_update(const json& object, const json& old, field_errors& errors,
                               const rule_context& context) {
  if (context.subresource == "status") {
    check_stateful_set_status(field(object).at("status"), field(old).at("status"), errors);
    validate_metadata_update(object, old, errors, context);
    return;
  }
  validate_metadata_update(object, old, errors, context);
  const field spec = field(object).at("spec");
  check_set_spec(spec, true, errors);
  json kept = spec.value();
  for (const char* name : {"replicas", "template", "updateStrategy", "minReadySeconds", "ordinals",
                           "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy"})
    kept[name] = field(old).at("spec").at(name).value();
  if (!same(kept, field(old).at("spec").value()))
    errors.forbidden("spec",
                     "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                     "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                     "'minReadySeconds' are forbidden");
}

// ControllerRevision

void check_revision(const json& object, field_errors& errors, const rule_context&) {
  check_counts(field(object), {"revision"}, errors);
}

void check_new_revision(const json& object, field_errors& errors, const rule_context& context) {
  check_revision(object, errors, context);
  const field data = field(object).at("data");
  if (!data.present())
    errors.required(data, "data is mandatory");
  else if (!data.value().is_object())
    errors.required(data, "data must be a valid JSON object");
}

void check_revision_update(const json& object, const json& old, field_errors& errors,
                           const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  validate_metadata_create(object, errors, context);
  check_revision(object, errors, context);
  check_immutable(field(object).at("data"), field(old).at("data"), errors);
}

} // namespace

constinit const kind_rules daemon_set_rules{.set_defaults = default_daemon_set,
                                            .prepare_create = prepare_daemon_set_create,
                                            .prepare_update = prepare_daemon_set_update,
                                            .validate_create = check_after_metadata<check_daemon_set>,
                                            .validate_update = check_daemon_set_update,
                                            .warn = warn_of_workload};
constinit const kind_rules stateful_set_rules{.set_defaults = default_stateful_set,
                                              .prepare_create = prepare_stateful_set_create,
                                              .prepare_update = prepare_stateful_set_update,
                                              .validate_create = check_after_metadata<check_stateful_set>,
                                              .validate_update = check_stateful_set_update,
                                              .warn = warn_of_workload};
constinit const kind_rules controller_revision_rules{.prepare_create = prepare_create_as_usual,
                                                     .prepare_update = prepare_update_as_usual,
                                                     .validate_create =
                                                         check_after_metadata<check_new_revision>,
                                                     .validate_update = check_revision_update};

} // namespace actord::schema::rules
