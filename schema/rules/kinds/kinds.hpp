#pragma once

#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

/// The rules of every kind that has some, by kind; strategy_table.cpp names each once.

namespace actord::schema::rules {

extern const kind_rules deployment_rules, replica_set_rules, stateful_set_rules, daemon_set_rules,
    controller_revision_rules, replication_controller_rules, job_rules, cron_job_rules;
extern const kind_rules pod_rules, pod_template_rules, binding_rules, namespace_rules, node_rules,
    service_rules, endpoints_rules, config_map_rules, secret_rules, service_account_rules, event_rules,
    limit_range_rules, resource_quota_rules, persistent_volume_rules, persistent_volume_claim_rules;
extern const kind_rules role_rules, cluster_role_rules, role_binding_rules;
extern const kind_rules ingress_rules, ingress_class_rules, network_policy_rules, ip_address_rules,
    service_cidr_rules;
extern const kind_rules autoscaler_rules, disruption_budget_rules, priority_class_rules, runtime_class_rules;
extern const kind_rules validating_webhook_rules, mutating_webhook_rules, validating_policy_rules,
    mutating_policy_rules, validating_binding_rules, mutating_binding_rules;
extern const kind_rules device_claim_rules, device_claim_template_rules, device_class_rules,
    device_slice_rules;
extern const kind_rules custom_object_rules;
extern const kind_rules custom_resource_definition_rules;
extern const kind_rules flow_schema_rules, priority_level_rules, access_review_rules, api_service_rules;
extern const kind_rules storage_class_rules, volume_attributes_class_rules, volume_attachment_rules,
    csi_node_rules, csi_driver_rules, csi_storage_capacity_rules;
extern const kind_rules new_event_rules, lease_rules, endpoint_slice_rules;
extern const kind_rules signing_request_rules;

/// The checks most kinds end with: an update is judged as a create of the new state, after its metadata.
template <void (*Check)(const json& object, field_errors& errors, const rule_context& context)>
void check_after_metadata(const json& object, field_errors& errors, const rule_context& context) {
  validate_metadata_create(object, errors, context);
  Check(object, errors, context);
}

/// The same for an update that has no further rules.
template <void (*Check)(const json& object, field_errors& errors, const rule_context& context)>
void check_update_after_metadata(const json& object, const json& old, field_errors& errors,
                                 const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  Check(object, errors, context);
}

} // namespace actord::schema::rules
