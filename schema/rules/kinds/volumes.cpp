#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/kinds/storage_parts.hpp"
#include "schema/rules/pod/pod_defaults.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/pod/pod_warnings.hpp"
#include "schema/rules/pod/volume_sources.hpp"
#include "schema/rules/strategy_table.hpp"

#include <algorithm>

namespace actord::schema::rules {

namespace {

void check_access_modes(const field& modes, field_errors& errors) {
  bool alone = false;
  bool others = false;
  for (const field mode : modes.items()) {
    const std::string_view text = mode.text();
    const bool known = text == "ReadWriteOnce" || text == "ReadOnlyMany" || text == "ReadWriteMany";
    if (text == "ReadWriteOncePod")
      alone = true;
    else if (known)
      others = true;
    else
      errors.not_supported(modes, text,
                           {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"});
  }
  if (alone && others) errors.forbidden(modes, "may not use ReadWriteOncePod with other access modes");
}

/// Local storage is somewhere: the volume must say where.
void check_local_volume(const field& source, const source_scope& scope, field_errors& errors) {
  check_local(source, scope, errors);
  if (!scope.volume.contains("nodeAffinity"))
    errors.required(scope.volume.at("nodeAffinity"), "Local volume requires node affinity");
}

constexpr volume_source persistent_sources[] = {
    {"hostPath", {}, {}, check_host_path},
    {"gcePersistentDisk", "persistentDisk", {}, check_gce_disk},
    {"awsElasticBlockStore", {}, {}, check_aws_disk},
    {"glusterfs", {}, {}, check_glusterfs},
    {"flocker", {}, {}, check_flocker},
    {"nfs", {}, {}, check_nfs},
    {"rbd", {}, {}, check_rbd},
    {"quobyte", {}, {}, check_quobyte},
    {"cephfs", {}, "cephFS", check_cephfs},
    {"iscsi", {}, {}, check_iscsi},
    {"cinder", {}, {}, check_cinder},
    {"fc", {}, {}, check_fibre_channel},
    {"flexVolume", {}, {}, check_flex},
    {"azureFile", {}, {}, check_azure_file},
    {"vsphereVolume", {}, {}, check_vsphere},
    {"photonPersistentDisk", {}, {}, check_photon},
    {"portworxVolume", {}, {}, check_portworx},
    {"azureDisk", {}, {}, check_azure_disk},
    {"scaleIO", {}, {}, check_scale_io},
    {"local", {}, {}, check_local_volume},
    {"storageos", {}, {}, check_storageos},
    {"csi", {}, {}, check_persistent_csi},
};

void check_capacity(const field& capacity, field_errors& errors) {
  require(capacity, errors);
  if (!capacity.contains("storage") || capacity.size() > 1)
    errors.not_supported(capacity, capacity.value(), {"storage"});
  if (!capacity.value().is_object()) return;
  for (const auto& [name, value] : capacity.value().items()) {
    const field amount = capacity.entry(name);
    if (negative_amount(value))
      errors.invalid(amount, amount_value(value), "must be a valid resource quantity");
    if (compare_amounts(value, 0) <= 0) errors.invalid(amount, value, "must be greater than zero");
  }
}

/// What stands in an attachment says only how to reach the volume.
void check_inline_limits(const field& spec, field_errors& errors) {
  constexpr std::string_view refused = "may not be specified in the context of inline volumes";
  if (spec.contains("claimRef")) errors.forbidden(spec.at("claimRef"), refused);
  if (!spec.at("capacity").zero()) errors.forbidden(spec.at("capacity"), refused);
  if (!spec.contains("csi"))
    errors.required(spec.at("csi"), "has to be specified in the context of inline volumes");
}

void check_reclaim_policy(const field& spec, bool inline_spec, field_errors& errors) {
  const field policy = spec.at("persistentVolumeReclaimPolicy");
  if (policy.zero()) return;
  if (!inline_spec)
    one_of(policy, {"Delete", "Recycle", "Retain"}, errors);
  else if (policy.text() != "Retain")
    errors.forbidden(policy, "may only be Retain in the context of inline volumes");
}

void check_affinity_of_volume(const field& affinity, bool inline_spec, field_errors& errors) {
  if (!affinity.present()) return;
  const field needed = affinity.at("required");
  if (inline_spec)
    errors.forbidden(affinity, "may not be specified in the context of inline volumes");
  else if (!needed.present())
    errors.required(needed, "must specify required node constraints");
  else
    check_node_selector(needed, errors);
}

void check_class_and_mode(const field& spec, bool inline_spec, field_errors& errors) {
  const field storage = spec.at("storageClassName");
  if (!storage.zero()) {
    if (inline_spec)
      errors.forbidden(storage, "may not be specified in the context of inline volumes");
    else
      check_format(storage, dns_subdomain, errors);
  }
  if (const field mode = spec.at("volumeMode"); mode.present()) {
    if (!inline_spec)
      one_of(mode, {"Block", "Filesystem"}, errors);
    else if (mode.text() != "Filesystem")
      errors.forbidden(mode,
                       "may not specify volumeMode other than Filesystem in the context of inline volumes");
  }
  const field attributes = spec.at("volumeAttributesClassName");
  if (inline_spec || !attributes.present()) return;
  if (require(attributes, errors, "an empty string is disallowed"))
    check_format(attributes, dns_subdomain, errors);
  if (!spec.contains("csi"))
    errors.required(spec.at("csi"), "has to be specified when using volumeAttributesClassName");
}

/// The path with "." and ".." resolved is the root.
bool is_root(std::string_view path) {
  int depth = 0;
  if (!path.starts_with('/')) return false;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part == "..")
      depth = std::max(depth - 1, 0);
    else if (!part.empty() && part != ".")
      ++depth;
    path.remove_prefix(std::min(part.size() + 1, path.size()));
  }
  return depth == 0;
}

} // namespace

void add_finalizer(json& object, std::string_view finalizer) {
  json& finalizers = object["metadata"]["finalizers"];
  if (!finalizers.is_array()) finalizers = json::array();
  if (std::ranges::find(finalizers, json(finalizer)) == finalizers.end()) finalizers.push_back(finalizer);
}

void default_volume_spec(json& spec) {
  fill_zero(spec, "persistentVolumeReclaimPolicy", "Retain");
  fill(spec, "volumeMode", "Filesystem");
  if (json* capacity = member(spec, "capacity")) round_quantities(*capacity);
  default_volume_source(spec);
}

void check_volume_spec(const field& spec, std::string_view volume_name, bool inline_spec,
                       field_errors& errors) {
  if (inline_spec) check_inline_limits(spec, errors);
  require(spec.at("accessModes"), errors);
  check_access_modes(spec.at("accessModes"), errors);
  if (!inline_spec) check_capacity(spec.at("capacity"), errors);
  check_reclaim_policy(spec, inline_spec, errors);
  const field affinity = spec.at("nodeAffinity");
  check_affinity_of_volume(affinity, inline_spec, errors);
  check_sources(persistent_sources, spec, {spec, {}, volume_name, true, false}, errors);
  const field path = spec.at("hostPath").at("path");
  const field policy = spec.at("persistentVolumeReclaimPolicy");
  if (is_root(path.text()) && policy.text() == "Recycle")
    errors.forbidden(policy, "may not be 'recycle' for a hostPath mount of '/'");
  check_class_and_mode(spec, inline_spec, errors);
}

namespace {

// PersistentVolume

void default_volume(json& object) {
  fill_zero(open_member(object, "status"), "phase", "Pending");
  default_volume_spec(open_member(object, "spec"));
}

void prepare_volume_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  object["status"] = {{"phase", "Pending"}, {"lastPhaseTransitionTime", format_time(context.now)}};
  add_finalizer(object, "kubernetes.io/pv-protection");
}

void prepare_volume_update(json& object, const json& old, const rule_context& context) {
  prepare_update_as_usual(object, old, context);
  if (context.subresource != "status") return;
  const field now = field(object).at("status");
  const field before = field(old).at("status");
  if (now.at("phase").text() != before.at("phase").text() &&
      same(now.at("lastPhaseTransitionTime").value(), before.at("lastPhaseTransitionTime").value()))
    object["status"]["lastPhaseTransitionTime"] = format_time(context.now);
}

void check_volume(const json& object, field_errors& errors, const rule_context&) {
  check_volume_spec(field(object).at("spec"), field(object).at("metadata").at("name").text(), false, errors);
}

json sources_of(const field& spec) {
  json sources = json::object();
  for (const volume_source& source : persistent_sources)
    if (spec.contains(source.name)) sources[std::string(source.name)] = spec.at(source.name).value();
  return sources;
}

void check_volume_update(const json& object, const json& old, field_errors& errors,
                         const rule_context& context) {
  if (context.subresource == "status") return validate_metadata_update(object, old, errors, context);
  const field now = field(object).at("spec");
  const field before = field(old).at("spec");
  check_after_metadata<check_volume>(object, errors, context);
  json left = sources_of(now);
  const json right = sources_of(before);
  // The secret to expand with may be named later.
  if (left.contains("csi") && !before.at("csi").contains("controllerExpandSecretRef"))
    left["csi"].erase("controllerExpandSecretRef");
  if (!same(left, right))
    errors.forbidden("spec.persistentvolumesource",
                     "spec.persistentvolumesource is immutable after creation");
  check_immutable(field(object).named("volumeMode").with(now.at("volumeMode").value()),
                  before.at("volumeMode"), errors);
  if (before.contains("volumeAttributesClassName") && !now.contains("volumeAttributesClassName"))
    errors.forbidden("spec.volumeAttributesClassName", "update from non-nil value to nil is forbidden");
}

// PersistentVolumeClaim

void default_claim(json& object) {
  fill_zero(open_member(object, "status"), "phase", "Pending");
  default_claim_spec(open_member(object, "spec"));
}

void check_data_source(const field& source, field_errors& errors) {
  if (!source.present()) return;
  require(source.at("name"), errors);
  require(source.at("kind"), errors);
  const field group = source.at("apiGroup");
  const std::string_view kind = source.at("kind").text();
  if (group.zero() && kind != "PersistentVolumeClaim")
    errors.invalid(source, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  if (!group.zero()) check_format(group, dns_subdomain, errors);
  if (const field space = source.at("namespace"); !space.zero()) check_format(space, dns_label, errors);
}

/// Both names of the data source say the same; a core group written as "" is one left out.
void normalize_data_sources(json& spec) {
  for (const char* name : {"dataSource", "dataSourceRef"})
    if (json* source = member(spec, name))
      if (field(*source).at("apiGroup").zero()) source->erase("apiGroup");
  const field place(spec);
  const field source = place.at("dataSource");
  const field reference = place.at("dataSourceRef");
  if (source.present() && !reference.present()) {
    const json copy = source.value();
    spec["dataSourceRef"] = copy;
  } else if (reference.present() && !source.present() && reference.at("namespace").zero()) {
    const json copy = reference.value();
    spec["dataSource"] = copy;
  }
}

/// A data source of a kind that is none is dropped; a dataSourceRef may name any kind.
void drop_unknown_source(json& spec) {
  const field source = field(spec).at("dataSource");
  const std::string_view group = source.at("apiGroup").text();
  const std::string_view kind = source.at("kind").text();
  if (group.empty() && kind == "PersistentVolumeClaim") return;
  if (group == "snapshot.storage.k8s.io" && kind == "VolumeSnapshot") return;
  spec.erase("dataSource");
}

void prepare_claim_create(json& object, const rule_context& context) {
  prepare_create_as_usual(object, context);
  object["status"] = {{"phase", "Pending"}};
  json& spec = open_member(object, "spec");
  // Sources in other namespaces are behind a feature that is off: taken and dropped.
  if (!field(spec).at("dataSourceRef").at("namespace").zero()) spec.erase("dataSourceRef");
  drop_unknown_source(spec);
  normalize_data_sources(open_member(object, "spec"));
  add_finalizer(object, "kubernetes.io/pvc-protection");
}

void prepare_claim_update(json& object, const json& old, const rule_context& context) {
  prepare_update_as_usual(object, old, context);
  if (context.subresource.empty()) normalize_data_sources(open_member(object, "spec"));
}

void check_claim(const json& object, field_errors& errors, const rule_context&) {
  check_claim_spec(field(object).at("spec"), errors);
}

void check_claim_update(const json& object, const json& old, field_errors& errors,
                        const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status") return;
  check_after_metadata<check_claim>(object, errors, context);
  const field now = field(object).at("spec");
  const field before = field(old).at("spec");
  const bool bound = field(object).at("status").at("phase").text() == "Bound";
  json left = now.value();
  json right = before.value();
  if (before.at("volumeName").zero()) right["volumeName"] = now.at("volumeName").value();
  if (!before.contains("storageClassName")) left.erase("storageClassName");
  if (bound) {
    left["resources"]["requests"]["storage"] = before.at("resources").at("requests").at("storage").value();
    left["volumeAttributesClassName"] = before.at("volumeAttributesClassName").value();
  }
  if (!same(left, right))
    errors.forbidden("spec", "spec is immutable after creation except resources.requests and "
                             "volumeAttributesClassName for bound claims");
  const field size = now.at("resources").at("requests").at("storage");
  const field old_size = before.at("resources").at("requests").at("storage");
  const field given = field(old).at("status").at("capacity").at("storage");
  if (compare_amounts(size.value(), old_size.value()) < 0 &&
      compare_amounts(size.value(), given.value()) <= 0)
    errors.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity");
  check_immutable(field(object).named("volumeMode").with(now.at("volumeMode").value()),
                  before.at("volumeMode"), errors);
}

} // namespace

void check_claim_spec(const field& spec, field_errors& errors) {
  const field modes = spec.at("accessModes");
  require(modes, errors, "at least 1 access mode is required");
  check_selector(spec.at("selector"), errors);
  check_access_modes(modes, errors);
  const field size =
      spec.at("resources").entry("storage").with(spec.at("resources").at("requests").at("storage").value());
  if (!size.present())
    errors.required(size);
  else if (compare_amounts(size.value(), 0) <= 0)
    errors.invalid(size, size.value(), "must be greater than zero");
  if (const field storage = spec.at("storageClassName"); !storage.zero())
    check_format(storage, dns_subdomain, errors);
  if (const field mode = spec.at("volumeMode"); mode.present()) one_of(mode, {"Block", "Filesystem"}, errors);
  const field source = spec.at("dataSource");
  const field reference = spec.at("dataSourceRef");
  check_data_source(source, errors);
  check_data_source(reference, errors);
  if (!reference.at("namespace").zero()) {
    if (source.present())
      errors.invalid(spec, nullptr, "may not be specified when dataSourceRef.namespace is specified");
  } else if (source.present() && reference.present()) {
    const auto equal = [&](std::string_view name) {
      return source.at(name).value() == reference.at(name).value();
    };
    if (!equal("apiGroup") || !equal("kind") || !equal("name"))
      errors.invalid(spec, nullptr, "must match dataSourceRef");
  }
  if (const field attributes = spec.at("volumeAttributesClassName"); !attributes.zero())
    check_format(attributes, dns_subdomain, errors);
}

constinit const kind_rules persistent_volume_rules{.set_defaults = default_volume,
                                                   .prepare_create = prepare_volume_create,
                                                   .prepare_update = prepare_volume_update,
                                                   .validate_create = check_after_metadata<check_volume>,
                                                   .validate_update = check_volume_update};
constinit const kind_rules persistent_volume_claim_rules{.set_defaults = default_claim,
                                                         .prepare_create = prepare_claim_create,
                                                         .prepare_update = prepare_claim_update,
                                                         .validate_create = check_after_metadata<check_claim>,
                                                         .validate_update = check_claim_update,
                                                         .warn = warn_of_claim};

} // namespace actord::schema::rules
