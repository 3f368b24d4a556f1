#include "schema/print/printer_table.hpp"

#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>

namespace actord::schema::print {
namespace {

struct printer_row {
  std::string_view plural;
  printer print;
};

// Plurals of kinds with columns of their own are told apart without their group, but for the two forms of
// events, which are printed alike.
constexpr std::array printers{
    printer_row{"apiservices", print_api_service},
    printer_row{"certificatesigningrequests", print_signing_request},
    printer_row{"clusterrolebindings", print_role_binding},
    printer_row{"componentstatuses", print_component_status},
    printer_row{"configmaps", print_config_map},
    printer_row{"controllerrevisions", print_controller_revision},
    printer_row{"cronjobs", print_cron_job},
    printer_row{"csidrivers", print_csi_driver},
    printer_row{"csinodes", print_csi_node},
    printer_row{"daemonsets", print_daemon_set},
    printer_row{"deployments", print_deployment},
    printer_row{"deviceclasses", print_name_and_age},
    printer_row{"endpoints", print_endpoints},
    printer_row{"endpointslices", print_endpoint_slice},
    printer_row{"events", print_event},
    printer_row{"flowschemas", print_flow_schema},
    printer_row{"horizontalpodautoscalers", print_horizontal_pod_autoscaler},
    printer_row{"ingressclasses", print_ingress_class},
    printer_row{"ingresses", print_ingress},
    printer_row{"ipaddresses", print_ip_address},
    printer_row{"jobs", print_job},
    printer_row{"leases", print_lease},
    printer_row{"mutatingadmissionpolicies", print_mutating_admission_policy},
    printer_row{"mutatingadmissionpolicybindings", print_admission_policy_binding},
    printer_row{"mutatingwebhookconfigurations", print_webhook_configuration},
    printer_row{"namespaces", print_namespace},
    printer_row{"networkpolicies", print_network_policy},
    printer_row{"nodes", print_node},
    printer_row{"persistentvolumeclaims", print_persistent_volume_claim},
    printer_row{"persistentvolumes", print_persistent_volume},
    printer_row{"poddisruptionbudgets", print_pod_disruption_budget},
    printer_row{"pods", print_pod},
    printer_row{"podtemplates", print_pod_template},
    printer_row{"priorityclasses", print_priority_class},
    printer_row{"prioritylevelconfigurations", print_priority_level},
    printer_row{"replicasets", print_replica_set},
    printer_row{"replicationcontrollers", print_replication_controller},
    printer_row{"resourceclaims", print_resource_claim},
    printer_row{"resourceclaimtemplates", print_name_and_age},
    printer_row{"resourcequotas", print_resource_quota},
    printer_row{"resourceslices", print_resource_slice},
    printer_row{"rolebindings", print_role_binding},
    printer_row{"runtimeclasses", print_runtime_class},
    printer_row{"secrets", print_secret},
    printer_row{"serviceaccounts", print_name_and_age},
    printer_row{"servicecidrs", print_service_cidr},
    printer_row{"services", print_service},
    printer_row{"statefulsets", print_stateful_set},
    printer_row{"storageclasses", print_storage_class},
    printer_row{"validatingadmissionpolicies", print_validating_admission_policy},
    printer_row{"validatingadmissionpolicybindings", print_admission_policy_binding},
    printer_row{"validatingwebhookconfigurations", print_webhook_configuration},
    printer_row{"volumeattachments", print_volume_attachment},
    printer_row{"volumeattributesclasses", print_volume_attributes_class},
};
static_assert(std::ranges::is_sorted(printers, {}, &printer_row::plural));

} // namespace

printer printer_of(const resource_type& type) {
  const auto found = std::ranges::lower_bound(printers, type.plural, {}, &printer_row::plural);
  return found != printers.end() && found->plural == type.plural ? found->print : print_name_and_creation;
}

} // namespace actord::schema::print
