#pragma once

#include "schema/base/timestamp.hpp"
#include "schema/print/cells.hpp"

namespace actord::schema {
struct resource_type;
}

/// One printer for each kind that has columns of its own; its cells stand in the order of the resource
/// table's columns.

namespace actord::schema::print {

void print_pod(const row_writer& row);
void print_deployment(const row_writer& row);
void print_replica_set(const row_writer& row);
void print_replication_controller(const row_writer& row);
void print_stateful_set(const row_writer& row);
void print_daemon_set(const row_writer& row);
void print_job(const row_writer& row);
void print_cron_job(const row_writer& row);
void print_pod_template(const row_writer& row);
void print_controller_revision(const row_writer& row);
void print_pod_disruption_budget(const row_writer& row);
void print_horizontal_pod_autoscaler(const row_writer& row);

void print_service(const row_writer& row);
void print_endpoints(const row_writer& row);
void print_endpoint_slice(const row_writer& row);
void print_ingress(const row_writer& row);
void print_ingress_class(const row_writer& row);
void print_network_policy(const row_writer& row);
void print_service_cidr(const row_writer& row);
void print_ip_address(const row_writer& row);

void print_persistent_volume(const row_writer& row);
void print_persistent_volume_claim(const row_writer& row);
void print_storage_class(const row_writer& row);
void print_volume_attributes_class(const row_writer& row);
void print_volume_attachment(const row_writer& row);
void print_csi_driver(const row_writer& row);
void print_csi_node(const row_writer& row);
void print_resource_claim(const row_writer& row);
void print_resource_slice(const row_writer& row);

void print_node(const row_writer& row);
void print_namespace(const row_writer& row);
void print_config_map(const row_writer& row);
void print_secret(const row_writer& row);
void print_name_and_age(const row_writer& row);
void print_name_and_creation(const row_writer& row);
void print_resource_quota(const row_writer& row);
void print_lease(const row_writer& row);
void print_priority_class(const row_writer& row);
void print_runtime_class(const row_writer& row);
void print_component_status(const row_writer& row);
void print_event(const row_writer& row);

void print_role_binding(const row_writer& row);
void print_webhook_configuration(const row_writer& row);
void print_validating_admission_policy(const row_writer& row);
void print_mutating_admission_policy(const row_writer& row);
void print_admission_policy_binding(const row_writer& row);
void print_flow_schema(const row_writer& row);
void print_priority_level(const row_writer& row);
void print_signing_request(const row_writer& row);
void print_api_service(const row_writer& row);

/// Name and creation for kinds without a printer of their own.
printer printer_of(const resource_type& type);

} // namespace actord::schema::print
