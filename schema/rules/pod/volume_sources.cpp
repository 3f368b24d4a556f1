#include "schema/rules/pod/volume_sources.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace actord::schema::rules {

namespace {

void require_all(const field& source, std::initializer_list<std::string_view> names, field_errors& errors) {
  for (const std::string_view name : names) require(source.at(name), errors);
}

void check_partition(const field& partition, field_errors& errors) {
  // The message says 1, the check allows 0: "no partition".
  if (partition.integer() < 0 || partition.integer() > 255)
    errors.invalid(partition, partition.value(), range_complaint(1, 255));
}

void check_secret_reference(const field& secret, bool needs_namespace, field_errors& errors) {
  if (!secret.present()) return;
  require(secret.at("name"), errors);
  if (needs_namespace) require(secret.at("namespace"), errors);
}

void check_csi_secret(const field& secret, field_errors& errors) {
  if (!secret.present()) return;
  check_required_format(secret.at("name"), dns_subdomain, errors);
  check_required_format(secret.at("namespace"), dns_label, errors);
}

bool alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// iqn.YYYY-MM.domain:name
bool is_iqn(std::string_view text) {
  if (!text.starts_with("iqn.") || text.size() < 13) return false;
  const auto digits = [&](std::size_t from, std::size_t count) {
    return std::ranges::all_of(text.substr(from, count), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (!digits(4, 4) || text[8] != '-' || !digits(9, 2) || text[11] != '.') return false;
  const std::string_view rest = text.substr(12);
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == rest.size()) return false;
  return std::ranges::all_of(rest.substr(0, colon),
                             [](char c) { return alphanumeric(c) || c == '-' || c == '.'; }) &&
         rest.substr(colon + 1).find_first_of(",;*&$| \t\n\r\f") == std::string_view::npos;
}

bool is_iscsi_name(std::string_view text) {
  if (text.starts_with("iqn")) return is_iqn(text);
  const std::size_t digits = text.starts_with("eui") ? 16 : 32;
  return text.size() == 4 + digits && std::ranges::all_of(text.substr(4), alphanumeric);
}

void check_iscsi_name(const field& place, std::string_view name, bool persistent, field_errors& errors) {
  if (!name.starts_with("iqn") && !name.starts_with("eui") && !name.starts_with("naa"))
    errors.invalid(place, name,
                   persistent ? "must be valid format"
                              : "must be valid format starting with iqn, eui, or naa");
  else if (!is_iscsi_name(name))
    errors.invalid(place, name, "must be valid format");
}

} // namespace

void check_host_path(const field& source, const source_scope&, field_errors& errors) {
  const field path = source.at("path");
  if (!require(path, errors)) return;
  check_no_backsteps(path, errors);
  const field type = source.at("type");
  if (type.present())
    one_of(
        type,
        {"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"},
        errors);
}

void check_gce_disk(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("pdName"), errors);
  check_partition(source.at("partition"), errors);
}

void check_aws_disk(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("volumeID"), errors);
  check_partition(source.at("partition"), errors);
}

void check_nfs(const field& source, const source_scope&, field_errors& errors) {
  require_all(source, {"server", "path"}, errors);
  const field path = source.at("path");
  if (!path.text().starts_with('/')) errors.invalid(path, path.text(), "must be an absolute path");
}

void check_iscsi(const field& source, const source_scope& scope, field_errors& errors) {
  const field portal = source.at("targetPortal");
  const field initiator = source.at("initiatorName");
  constexpr std::string_view too_long =
      "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
      "if iscsi.initiatorName is specified.";
  const bool long_name = initiator.present() && scope.volume_name.size() + 1 + portal.text().size() > 64;
  require(portal, errors);
  if (scope.persistent && long_name) errors.invalid(source.named("targetportal"), portal.text(), too_long);
  const field name = source.at("iqn");
  if (require(name, errors)) check_iscsi_name(name, name.text(), scope.persistent, errors);
  const field lun = source.at("lun");
  in_range(lun, 0, 255, errors);
  const bool authenticates = source.at("chapAuthDiscovery").truth() || source.at("chapAuthSession").truth();
  const field secret = source.at("secretRef");
  if (authenticates && !secret.present()) errors.required(secret);
  if (scope.persistent) check_secret_reference(secret, false, errors);
  if (initiator.present())
    check_iscsi_name(source.named("initiatorname"), initiator.text(), scope.persistent, errors);
  if (!scope.persistent && long_name) errors.invalid(scope.volume.named("name"), scope.volume_name, too_long);
}

void check_glusterfs(const field& source, const source_scope& scope, field_errors& errors) {
  require_all(source, {"endpoints", "path"}, errors);
  const field space = source.at("endpointsNamespace");
  if (!scope.persistent || !space.present()) return;
  if (space.zero())
    errors.invalid(space, "", "if the endpointnamespace is set, it must be a valid namespace name");
  else
    check_format(space, dns_label, errors);
}

void check_flocker(const field& source, const source_scope&, field_errors& errors) {
  const field name = source.at("datasetName");
  const field uuid = source.at("datasetUUID");
  if (name.zero() && uuid.zero()) errors.required(source, "one of datasetName and datasetUUID is required");
  if (!name.zero() && !uuid.zero())
    errors.invalid(source, "resource", "datasetName and datasetUUID can not be specified simultaneously");
  if (name.text().find('/') != std::string_view::npos)
    errors.invalid(name, name.text(), "must not contain '/'");
}

void check_rbd(const field& source, const source_scope&, field_errors& errors) {
  require_all(source, {"monitors", "image"}, errors);
}

void check_cinder(const field& source, const source_scope& scope, field_errors& errors) {
  require(source.at("volumeID"), errors);
  check_secret_reference(source.at("secretRef"), scope.persistent, errors);
}

void check_cephfs(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("monitors"), errors);
}

void check_quobyte(const field& source, const source_scope&, field_errors& errors) {
  constexpr std::string_view pairs = "must be a host:port pair or multiple pairs separated by commas";
  const field registry = source.at("registry");
  if (registry.zero())
    errors.required(registry, pairs);
  else if (source.at("tenant").text().size() >= 65)
    errors.required(source.at("tenant"), "must be a UUID and may not exceed a length of 64 characters");
  else {
    std::string_view rest = registry.text();
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      const std::string_view pair = rest.substr(0, comma);
      if (std::ranges::count(pair, ':') != 1 && !pair.starts_with('['))
        errors.invalid(registry, registry.text(), pairs);
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  require(source.at("volume"), errors);
}

void check_fibre_channel(const field& source, const source_scope&, field_errors& errors) {
  const field names = source.at("targetWWNs");
  const bool ids = !source.at("wwids").zero();
  if (names.zero() && !ids) errors.required(names, "must specify either targetWWNs or wwids, but not both");
  if (!names.zero() && ids)
    errors.invalid(names, names.value(), "targetWWNs and wwids can not be specified simultaneously");
  if (names.zero()) return;
  const field lun = source.at("lun");
  if (!lun.present())
    errors.required(lun, "lun is required if targetWWNs is specified");
  else
    in_range(lun, 0, 255, errors);
}

void check_flex(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("driver"), errors);
  const field options = source.at("options");
  if (!options.value().is_object()) return;
  for (const auto& [key, value] : options.value().items()) {
    std::string space = "." + key.substr(0, key.find('/'));
    std::ranges::transform(space, space.begin(), [](unsigned char c) { return std::tolower(c); });
    if (space.ends_with(".kubernetes.io") || space.ends_with(".k8s.io"))
      errors.invalid(options.entry(key), key, "kubernetes.io and k8s.io namespaces are reserved");
  }
}

void check_azure_file(const field& source, const source_scope& scope, field_errors& errors) {
  require_all(source, {"secretName", "shareName"}, errors);
  const field space = source.at("secretNamespace");
  if (scope.persistent && space.present()) require(space, errors);
}

void check_vsphere(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("volumePath"), errors);
}

void check_photon(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("pdID"), errors);
}

void check_portworx(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("volumeID"), errors);
}

void check_azure_disk(const field& source, const source_scope&, field_errors& errors) {
  require_all(source, {"diskName", "diskURI"}, errors);
  const field caching = source.at("cachingMode");
  if (caching.present()) one_of(caching, {"None", "ReadOnly", "ReadWrite"}, errors);
  const field kind = source.at("kind");
  if (!kind.present()) return;
  one_of(kind, {"Dedicated", "Managed", "Shared"}, errors);
  const field disk = source.at("diskURI");
  if (kind.text() == "Managed" && !disk.text().starts_with("/subscriptions/"))
    errors.not_supported(
        disk, disk.text(),
        {"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/"
         "{disk-id}"});
  if (kind.text() != "Managed" && !disk.text().starts_with("https://"))
    errors.not_supported(disk, disk.text(),
                         {"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"});
}

void check_storageos(const field& source, const source_scope& scope, field_errors& errors) {
  check_required_format(source.at("volumeName"), dns_label, errors);
  if (!source.at("volumeNamespace").zero()) check_format(source.at("volumeNamespace"), dns_label, errors);
  check_secret_reference(source.at("secretRef"), scope.persistent, errors);
}

void check_scale_io(const field& source, const source_scope&, field_errors& errors) {
  require_all(source, {"gateway", "system", "volumeName"}, errors);
}

void check_local(const field& source, const source_scope&, field_errors& errors) {
  if (require(source.at("path"), errors)) check_no_backsteps(source.at("path"), errors);
}

void check_persistent_csi(const field& source, const source_scope&, field_errors& errors) {
  check_driver_name(source.at("driver"), errors);
  require(source.at("volumeHandle"), errors);
  for (const std::string_view name : {"controllerPublishSecretRef", "controllerExpandSecretRef",
                                      "nodePublishSecretRef", "nodeExpandSecretRef"})
    check_csi_secret(source.at(name), errors);
}

} // namespace actord::schema::rules
