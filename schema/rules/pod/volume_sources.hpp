#pragma once

#include "schema/rules/checks/field.hpp"
#include "schema/rules/kind_rules.hpp"

#include <initializer_list>
#include <span>
#include <string_view>

/// Sources of volumes, each with its own small check; pods and persistent volumes have tables of those they
/// allow.

namespace actord::schema::rules {

struct source_scope {
  const field& volume;
  std::string_view pod_name; ///< empty in a template and in a persistent volume
  std::string_view volume_name;
  bool persistent = false; ///< of a PersistentVolume: secrets need a namespace, for one
  bool in_pod = false;     ///< of a Pod, not of a template
};

struct volume_source {
  std::string_view name;
  std::string_view path;       ///< what errors call it when that is not its name
  std::string_view refused_as; ///< what the error about a second source calls it, likewise
  void (*check)(const field& source, const source_scope& scope, field_errors& errors);
};

/// At least one source, at most one.
void check_sources(std::span<const volume_source> sources, const field& holder, const source_scope& scope,
                   field_errors& errors);

using source_check = void(const field& source, const source_scope& scope, field_errors& errors);
source_check check_host_path, check_gce_disk, check_aws_disk, check_nfs, check_iscsi, check_glusterfs,
    check_flocker, check_rbd, check_cinder, check_cephfs, check_quobyte, check_fibre_channel, check_flex,
    check_azure_file, check_vsphere, check_photon, check_portworx, check_azure_disk, check_storageos,
    check_scale_io, check_local, check_persistent_csi;

void check_field_selector(const field& selector, std::initializer_list<std::string_view> supported,
                          field_errors& errors);
/// In a volume the container must be named.
void check_resource_selector(const field& selector, bool in_volume, field_errors& errors);

} // namespace actord::schema::rules
