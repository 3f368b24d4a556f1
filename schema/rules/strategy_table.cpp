#include "schema/rules/strategy_table.hpp"

#include "schema/base/json.hpp"
#include "schema/codec/decode.hpp"
#include "schema/custom/custom_kind.hpp"
#include "schema/custom/shape_object.hpp"
#include "schema/rules/checks/addresses.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/tables/type_table.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

namespace actord::schema {

namespace rules {

namespace {

constexpr std::array<std::string_view, 1> spec{"spec"};
// Neither ever changes: the generation stays 1.
constexpr std::array<std::string_view, 2> priority_members{"value", "preemptionPolicy"};
constexpr std::array<std::string_view, 1> webhooks{"webhooks"};
constexpr std::array<std::string_view, 3> slice_members{"addressType", "endpoints", "ports"};
constexpr std::array<std::string_view, 1> pod_template{"template"};

constexpr strategy default_strategy{};

// Questions that are answered, not stored: they need no name.
constexpr kind_rules unnamed{
    .validate_create = [](const json&, field_errors&, const rule_context&) {},
    .validate_update = [](const json&, const json&, field_errors&, const rule_context&) {}};

// One row per kind that has something of its own.
constexpr std::array strategies{
    strategy{.group = "", .plural = "bindings", .rules = &binding_rules},
    strategy{.group = "", .plural = "configmaps", .rules = &config_map_rules},
    strategy{.group = "", .plural = "endpoints", .rules = &endpoints_rules},
    strategy{.group = "", .plural = "events", .judges_metadata = false, .rules = &event_rules},
    strategy{.group = "", .plural = "namespaces", .name_format = dns_label, .rules = &namespace_rules},
    strategy{.group = "", .plural = "nodes", .keeps_status = true, .rules = &node_rules},
    strategy{.group = "", .plural = "pods", .counted = spec, .rules = &pod_rules},
    strategy{.group = "", .plural = "persistentvolumeclaims", .rules = &persistent_volume_claim_rules},
    strategy{.group = "", .plural = "persistentvolumes", .rules = &persistent_volume_rules},
    strategy{.group = "", .plural = "podtemplates", .counted = pod_template, .rules = &pod_template_rules},
    strategy{.group = "",
             .plural = "replicationcontrollers",
             .name_format = long_name,
             .judges_prefix = false,
             .counted = spec,
             .rules = &replication_controller_rules},
    strategy{.group = "", .plural = "secrets", .rules = &secret_rules},
    strategy{.group = "", .plural = "serviceaccounts", .rules = &service_account_rules},
    strategy{.group = "", .plural = "services", .name_format = dns_label, .rules = &service_rules},
    strategy{.group = "apps", .plural = "controllerrevisions", .rules = &controller_revision_rules},
    strategy{.group = "apps", .plural = "daemonsets", .counted = spec, .rules = &daemon_set_rules},
    strategy{.group = "apps", .plural = "deployments", .counted = spec, .rules = &deployment_rules},
    strategy{.group = "apps", .plural = "replicasets", .counted = spec, .rules = &replica_set_rules},
    strategy{.group = "apps",
             .plural = "statefulsets",
             .name_format = dns_label,
             .counted = spec,
             .rules = &stateful_set_rules},
    strategy{.group = "autoscaling", .plural = "horizontalpodautoscalers", .rules = &autoscaler_rules},
    strategy{.group = "certificates.k8s.io",
             .plural = "certificatesigningrequests",
             .name_format = path_segment,
             .judges_prefix = false,
             .rules = &signing_request_rules},
    strategy{.group = "coordination.k8s.io", .plural = "leases", .rules = &lease_rules},
    strategy{.group = "discovery.k8s.io",
             .plural = "endpointslices",
             .counted = slice_members,
             .rules = &endpoint_slice_rules},
    strategy{.group = "", .plural = "limitranges", .rules = &limit_range_rules},
    strategy{.group = "", .plural = "resourcequotas", .rules = &resource_quota_rules},
    strategy{.group = "admissionregistration.k8s.io",
             .plural = "mutatingadmissionpolicies",
             .counted = spec,
             .rules = &mutating_policy_rules},
    strategy{.group = "admissionregistration.k8s.io",
             .plural = "mutatingadmissionpolicybindings",
             .counted = spec,
             .rules = &mutating_binding_rules},
    strategy{.group = "admissionregistration.k8s.io",
             .plural = "mutatingwebhookconfigurations",
             .counted = webhooks,
             .rules = &mutating_webhook_rules},
    strategy{.group = "admissionregistration.k8s.io",
             .plural = "validatingadmissionpolicies",
             .counted = spec,
             .rules = &validating_policy_rules},
    strategy{.group = "admissionregistration.k8s.io",
             .plural = "validatingadmissionpolicybindings",
             .counted = spec,
             .rules = &validating_binding_rules},
    strategy{.group = "admissionregistration.k8s.io",
             .plural = "validatingwebhookconfigurations",
             .counted = webhooks,
             .rules = &validating_webhook_rules},
    strategy{.group = "apiextensions.k8s.io",
             .plural = "customresourcedefinitions",
             .counted = spec,
             .any_finalizer = true,
             .rules = &custom_resource_definition_rules},
    strategy{.group = "apiregistration.k8s.io",
             .plural = "apiservices",
             .any_finalizer = true,
             .rules = &api_service_rules},
    strategy{.group = "authentication.k8s.io", .plural = "selfsubjectreviews", .rules = &unnamed},
    strategy{.group = "authentication.k8s.io", .plural = "tokenreviews", .rules = &unnamed},
    strategy{.group = "authorization.k8s.io",
             .plural = "localsubjectaccessreviews",
             .rules = &access_review_rules},
    strategy{
        .group = "authorization.k8s.io", .plural = "selfsubjectaccessreviews", .rules = &access_review_rules},
    strategy{
        .group = "authorization.k8s.io", .plural = "subjectaccessreviews", .rules = &access_review_rules},
    strategy{.group = "batch", .plural = "cronjobs", .counted = spec, .rules = &cron_job_rules},
    strategy{.group = "batch", .plural = "jobs", .counted = spec, .rules = &job_rules},
    strategy{.group = "flowcontrol.apiserver.k8s.io",
             .plural = "flowschemas",
             .counted = spec,
             .rules = &flow_schema_rules},
    strategy{.group = "flowcontrol.apiserver.k8s.io",
             .plural = "prioritylevelconfigurations",
             .counted = spec,
             .rules = &priority_level_rules},
    strategy{.group = "node.k8s.io", .plural = "runtimeclasses", .rules = &runtime_class_rules},
    strategy{.group = "policy",
             .plural = "poddisruptionbudgets",
             .judges_metadata = false,
             .counted = spec,
             .rules = &disruption_budget_rules},
    strategy{.group = "scheduling.k8s.io",
             .plural = "priorityclasses",
             .counted = priority_members,
             .rules = &priority_class_rules},
    strategy{.group = "resource.k8s.io",
             .plural = "deviceclasses",
             .name_format = long_name,
             .judges_prefix = false,
             .counted = spec,
             .rules = &device_class_rules},
    strategy{.group = "resource.k8s.io",
             .plural = "resourceslices",
             .counted = spec,
             .rules = &device_slice_rules},
    strategy{.group = "resource.k8s.io", .plural = "resourceclaims", .rules = &device_claim_rules},
    strategy{.group = "resource.k8s.io",
             .plural = "resourceclaimtemplates",
             .rules = &device_claim_template_rules},
    strategy{.group = "events.k8s.io", .plural = "events", .rules = &new_event_rules},
    strategy{.group = "networking.k8s.io",
             .plural = "ingressclasses",
             .counted = spec,
             .rules = &ingress_class_rules},
    strategy{.group = "networking.k8s.io", .plural = "ingresses", .counted = spec, .rules = &ingress_rules},
    strategy{.group = "networking.k8s.io",
             .plural = "ipaddresses",
             .name_format = canonical_ip_complaints,
             .rules = &ip_address_rules},
    strategy{.group = "networking.k8s.io",
             .plural = "networkpolicies",
             .counted = spec,
             .rules = &network_policy_rules},
    strategy{.group = "networking.k8s.io", .plural = "servicecidrs", .rules = &service_cidr_rules},
    strategy{.group = "rbac.authorization.k8s.io",
             .plural = "clusterrolebindings",
             .name_format = path_segment,
             .rules = &role_binding_rules},
    strategy{.group = "rbac.authorization.k8s.io",
             .plural = "clusterroles",
             .name_format = path_segment,
             .rules = &cluster_role_rules},
    strategy{.group = "rbac.authorization.k8s.io",
             .plural = "rolebindings",
             .name_format = path_segment,
             .rules = &role_binding_rules},
    strategy{.group = "rbac.authorization.k8s.io",
             .plural = "roles",
             .name_format = path_segment,
             .rules = &role_rules},
    strategy{.group = "storage.k8s.io", .plural = "csidrivers", .rules = &csi_driver_rules},
    strategy{.group = "storage.k8s.io", .plural = "csinodes", .rules = &csi_node_rules},
    strategy{
        .group = "storage.k8s.io", .plural = "csistoragecapacities", .rules = &csi_storage_capacity_rules},
    strategy{.group = "storage.k8s.io", .plural = "storageclasses", .rules = &storage_class_rules},
    strategy{.group = "storage.k8s.io", .plural = "volumeattachments", .rules = &volume_attachment_rules},
    strategy{.group = "storage.k8s.io",
             .plural = "volumeattributesclasses",
             .rules = &volume_attributes_class_rules},
};

const strategy& strategy_named(std::string_view group, std::string_view plural) {
  const auto found = std::ranges::find_if(
      strategies, [&](const strategy& row) { return row.group == group && row.plural == plural; });
  return found == strategies.end() ? default_strategy : *found;
}

/// The strategy of each row of the resource table, in its order.
std::vector<const strategy*> by_row() {
  std::vector<const strategy*> rows;
  for (const resource_type& type : resource_table()) rows.push_back(&strategy_named(type.group, type.plural));
  return rows;
}

/// Takes over `old`'s member, or its absence.
void restore(json& object, const json& old, std::string_view name) {
  const auto found = old.find(name);
  if (found == old.end())
    object.erase(std::string(name));
  else
    object[name] = *found;
}

/// An empty status, in the form an empty status has.
void clear_status(json& object, const resource_type& type) {
  object.erase("status");
  const field_type* status = type.type == nullptr ? nullptr : type.type->field("status");
  if (status == nullptr || status->shown != presence::always || status->value.structure == nullptr) return;
  if (auto empty = decode_tree(*status->value.structure, json::object(), field_validation::ignore))
    object["status"] = std::move(empty->object);
}

/// The places of the pods a kind holds.
constexpr std::array<std::string_view, 4> pod_places{"spec", "spec.template.spec", "template.spec",
                                                     "spec.jobTemplate.spec.template.spec"};

/// Members of pods behind features that are off: they are taken and dropped.
void drop_disabled_members(json& object) {
  for (const std::string_view place : pod_places) {
    json* pod = member_at(object, place);
    if (pod == nullptr || !field(*pod).contains("containers")) continue;
    pod->erase("schedulingGroup");
    for (const char* list : {"containers", "initContainers", "ephemeralContainers"})
      if (json* containers = member(*pod, list); containers != nullptr && containers->is_array())
        for (json& container : *containers)
          if (json* lifecycle = member(container, "lifecycle")) lifecycle->erase("stopSignal");
  }
}

bool differs(const json& object, const json& old, std::string_view name) {
  return !same(field(object).at(name).value(), field(old).at(name).value());
}

} // namespace

const strategy& strategy_of(const resource_type& type) {
  static const std::vector<const strategy*> rows = by_row();
  // Each write asks several times; rows that are not the table's own are made for errors only.
  const auto all = resource_table();
  if (!std::less<>{}(&type, all.data()) && std::less<>{}(&type, all.data() + all.size()))
    return *rows[static_cast<std::size_t>(&type - all.data())];
  return strategy_named(type.group, type.plural);
}

void prepare_create_as_usual(json& object, const rule_context& context) {
  const strategy& row = strategy_of(context.type);
  if (!row.keeps_status && context.type.subresource("status") != nullptr) clear_status(object, context.type);
  if (!row.counted.empty()) object["metadata"]["generation"] = 1;
  drop_disabled_members(object);
}

void prepare_update_as_usual(json& object, const json& old, const rule_context& context) {
  const strategy& row = strategy_of(context.type);
  restore(object["metadata"], old.at("metadata"), "generation");
  if (context.subresource == "status") {
    json kept = old;
    kept["metadata"] = std::move(object["metadata"]);
    restore(kept, object, "status");
    object = std::move(kept);
    return;
  }
  if (context.type.subresource("status") != nullptr) restore(object, old, "status");
  drop_disabled_members(object);
  if (!std::ranges::any_of(row.counted, [&](std::string_view name) { return differs(object, old, name); }))
    return;
  object["metadata"]["generation"] = field(old).at("metadata").at("generation").integer() + 1;
}

} // namespace rules

namespace {

constexpr kind_rules metadata_only{.prepare_create = rules::prepare_create_as_usual,
                                   .prepare_update = rules::prepare_update_as_usual,
                                   .validate_create = validate_metadata_create,
                                   .validate_update = validate_metadata_update};

/// Events are judged as the core kind, whichever group they came through.
error refused(const resource_type& type, const rules::field& metadata, const field_errors& errors) {
  resource_type named = type;
  if (type.group == "events.k8s.io") named.group = {};
  return invalid_object(named, metadata.at("name").text(), errors);
}

} // namespace

const kind_rules& rules_of(const resource_type& type) {
  if (type.custom != nullptr) return rules::custom_object_rules;
  const rules::strategy& row = rules::strategy_of(type);
  return row.rules == nullptr ? metadata_only : *row.rules;
}

void set_defaults(const resource_type& type, json& object) {
  if (type.custom != nullptr) return custom::fill_defaults(type.custom->schema, object);
  if (const kind_rules& rules = rules_of(type); rules.set_defaults != nullptr) rules.set_defaults(object);
}

std::optional<error> check_create(const json& object, const rule_context& context) {
  const rules::field metadata = rules::field(object).at("metadata");
  field_errors errors;
  rules_of(context.type).validate_create(object, errors, context);
  const bool asked =
      context.type.group == "authentication.k8s.io" || context.type.group == "authorization.k8s.io";
  if (errors.empty() && !asked) {
    rules::check_name_prefix(metadata, rules::path_segment, errors);
    if (rules::strategy_of(context.type).judges_metadata)
      rules::check_name(metadata, rules::path_segment, errors);
    else
      rules::check_metadata(metadata, context.type.namespaced, rules::path_segment, errors);
  }
  if (errors.empty()) return std::nullopt;
  return refused(context.type, metadata, errors);
}

std::optional<error> check_update(const json& object, const json& old, const rule_context& context) {
  const rules::field metadata = rules::field(object).at("metadata");
  field_errors errors;
  rules::check_name_prefix(metadata, rules::path_segment, errors);
  rules::check_metadata(metadata, context.type.namespaced, rules::path_segment, errors);
  rules::check_metadata_change(metadata, rules::field(old).at("metadata"), errors);
  rules_of(context.type).validate_update(object, old, errors, context);
  if (errors.empty()) return std::nullopt;
  return refused(context.type, metadata, errors);
}

} // namespace actord::schema
