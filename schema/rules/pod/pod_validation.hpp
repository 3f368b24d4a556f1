#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

#include <map>
#include <set>
#include <string_view>

/// What a pod may say, wherever a pod spec stands: in a Pod or in a template.

namespace actord::schema::rules {

/// What the checks of a pod's parts need to know of the whole.
struct pod_scope {
  const field& spec;
  /// Metadata of the Pod; null in a template.
  const field* metadata = nullptr;
  /// Volumes that are well formed, by name.
  std::map<std::string_view, field> volumes;
  /// Names of resource claims.
  std::set<std::string_view> claims;
};

/// A PodSpec with all its parts. `metadata` is that of the Pod, null in a template.
void check_pod_spec(const field& spec, const field* metadata, field_errors& errors);
/// A PodTemplateSpec.
void check_pod_template(const field& pod_template, field_errors& errors);
/// Annotations with a meaning for the pod whose spec this is.
void check_pod_annotations(const field& annotations, const field& spec, field_errors& errors);

// The parts, in files of their own.
void check_volumes(pod_scope& pod, field_errors& errors);
void check_containers(const pod_scope& pod, field_errors& errors);
/// Images of a Pod carry no space at either end.
void check_image_padding(const field& spec, field_errors& errors);
void check_environment(const field& container, field_errors& errors);
void check_volume_mounts(const pod_scope& pod, const field& container, field_errors& errors);
void check_probe(const field& probe, const field& pod_spec, field_errors& errors);
void check_lifecycle(const field& lifecycle, const field& pod_spec, field_errors& errors);
/// Limits and requests of a container, or of overhead as limits alone.
void check_resources(const field& resources, const pod_scope& pod, field_errors& errors);
void check_pod_resources(const pod_scope& pod, field_errors& errors);
void check_container_security(const field& context, bool host_users, field_errors& errors);
void check_pod_security(const field& spec, field_errors& errors);
/// Seccomp and AppArmor annotations must say what the fields say.
void check_profile_annotations(const field& annotations, const field& spec, field_errors& errors);
void check_windows_host_process(const field& spec, field_errors& errors);
void check_operating_system(const field& spec, field_errors& errors);
void check_affinity(const field& affinity, field_errors& errors);
void check_spread_constraints(const field& constraints, field_errors& errors);
void check_tolerations(const field& tolerations, field_errors& errors);
void check_node_selector(const field& selector, field_errors& errors);
void check_node_selector_term(const field& term, bool any_value, field_errors& errors);
void check_taint_effect(const field& effect, field_errors& errors);
void check_claim_spec(const field& spec, field_errors& errors);
/// Checks of a volume source where a persistent volume and a pod agree.
void check_persistent_source(const field& spec, std::string_view volume_name, field_errors& errors);

// Small words shared by the parts.
void check_port_or_name(const field& port, field_errors& errors);
void check_local_path(const field& path, field_errors& errors);
void check_no_backsteps(const field& path, field_errors& errors);
void check_relative_path(const field& path, field_errors& errors);
void check_driver_name(const field& driver, field_errors& errors);
/// "example.com/signer"
void check_signer_name(const field& signer, field_errors& errors);
void check_ip(const field& address, field_errors& errors);
void check_cidr(const field& block, field_errors& errors);
/// Calls `visit` for every container: init, regular, ephemeral.
template <class Visit>
void each_container(const field& spec, Visit visit) {
  for (const std::string_view list : {"initContainers", "containers", "ephemeralContainers"}) {
    const field containers = spec.at(list);
    for (const field container : containers.items()) visit(container);
  }
}

/// Ephemeral containers only ever come.
void check_ephemeral_change(const field& pod, const field& old, field_errors& errors);
/// A resize changes amounts of cpu and memory, and nothing else.
void check_resize(const field& pod, const field& old, bool keeps_quality, field_errors& errors);

} // namespace actord::schema::rules
