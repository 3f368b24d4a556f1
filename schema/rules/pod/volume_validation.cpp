#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/pod/volume_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <span>

namespace actord::schema::rules {

namespace {

void check_mode(const field& mode, field_errors& errors) {
  if (mode.present() && (mode.integer() < 0 || mode.integer() > 0777))
    errors.invalid(mode, mode.value(), "must be a number between 0 and 0777 (octal), both inclusive");
}

void check_key_paths(const field& items, field_errors& errors) {
  for (const field item : items.items()) {
    require(item.at("key"), errors);
    require(item.at("path"), errors);
    check_local_path(item.at("path"), errors);
    check_mode(item.at("mode"), errors);
  }
}

void check_empty_dir(const field& source, const source_scope&, field_errors& errors) {
  const field limit = source.at("sizeLimit");
  if (limit.present() && negative_amount(limit.value()))
    errors.forbidden(limit, "SizeLimit field must be a valid resource quantity");
}

void check_git_repo(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("repository"), errors);
  check_relative_path(source.at("directory"), errors);
}

void check_secret(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("secretName"), errors);
  check_mode(source.at("defaultMode"), errors);
  check_key_paths(source.at("items"), errors);
}

void check_config_map(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("name"), errors);
  check_mode(source.at("defaultMode"), errors);
  check_key_paths(source.at("items"), errors);
}

void check_claim_reference(const field& source, const source_scope&, field_errors& errors) {
  require(source.at("claimName"), errors);
}

/// `place` is where errors about the file stand: Kubernetes names the volume, not the item.
void check_downward_file(const field& file, const field& place, field_errors& errors) {
  const auto at = [&](std::string_view name) { return place.named(name).with(file.at(name).value()); };
  require(at("path"), errors);
  check_local_path(at("path"), errors);
  if (file.contains("fieldRef")) {
    check_field_selector(
        at("fieldRef"),
        {"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"},
        errors);
    if (file.contains("resourceFieldRef"))
      errors.invalid(place, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
  } else if (file.contains("resourceFieldRef"))
    check_resource_selector(at("resourceFieldRef"), true, errors);
  else
    errors.required(place, "one of fieldRef and resourceFieldRef is required");
  check_mode(at("mode"), errors);
}

void check_downward(const field& source, const source_scope&, field_errors& errors) {
  check_mode(source.at("defaultMode"), errors);
  for (const field file : source.at("items").items()) check_downward_file(file, source, errors);
}

/// Paths of a projected volume, each given once.
class projected_paths {
public:
  projected_paths(const field& volume, field_errors& errors) : volume_(volume), errors_(errors) {}
  /// `blame` is the value an error shows.
  void add(std::string_view path, std::string_view blame) {
    if (!path.empty() && !seen_.insert(path).second)
      errors_.invalid(volume_, blame, "conflicting duplicate paths");
  }

private:
  const field& volume_;
  field_errors& errors_;
  std::set<std::string_view> seen_;
};

void check_projected_items(const field& source, projected_paths& paths, field_errors& errors) {
  require(source.at("name"), errors);
  for (const field item : source.at("items").items()) {
    require(item.at("key"), errors);
    require(item.at("path"), errors);
    check_local_path(item.at("path"), errors);
    check_mode(item.at("mode"), errors);
    paths.add(item.at("path").text(), source.at("name").text());
  }
}

void check_projected_token(const field& token, const field& volume, field_errors& errors) {
  const field expiry = token.at("expirationSeconds");
  if (expiry.integer() < 600)
    errors.invalid(expiry, expiry.integer(), "may not specify a duration less than 10 minutes");
  if (expiry.integer() > (std::int64_t{1} << 32))
    errors.invalid(expiry, expiry.integer(), "may not specify a duration larger than 2^32 seconds");
  const field path = volume.named("path").with(token.at("path").value());
  if (require(path, errors)) check_local_path(path, errors);
}

void check_trust_bundle(const field& bundle, projected_paths& paths, field_errors& errors) {
  const field name = bundle.at("name");
  const field signer = bundle.at("signerName");
  if (name.present() && signer.present())
    errors.invalid(bundle, bundle.value(), "only one of name and signerName may be used");
  else if (name.present()) {
    if (name.zero()) errors.required(name, "must be a valid object name");
    const std::string_view text = name.text();
    const std::size_t colon = text.rfind(':');
    // "example.com:signer:name" is the name of a bundle of signer example.com/signer.
    for (const std::string& wrong :
         dns_subdomain(colon == std::string_view::npos ? text : text.substr(colon + 1)))
      errors.invalid(name, text, "not a valid clustertrustbundlename: " + wrong);
    const field selector = bundle.at("labelSelector");
    if (selector.present())
      errors.invalid(selector, selector.value(), "labelSelector must be unset if name is specified");
  } else if (signer.present()) {
    if (signer.zero()) errors.required(signer, "must be a valid signer name");
    check_signer_name(signer, errors);
    check_selector(bundle.at("labelSelector"), errors);
  } else
    errors.required(bundle, "either name or signerName must be specified");
  require(bundle.at("path"), errors);
  check_local_path(bundle.at("path"), errors);
  paths.add(bundle.at("path").text(), bundle.at("path").text());
}

void check_pod_certificate(const field& certificate, projected_paths& paths, field_errors& errors) {
  constexpr std::int64_t shortest_s = 3600;
  constexpr std::int64_t longest_s = 91 * 86400;
  constexpr std::int64_t longest_own_s = 86400;
  const field signer = certificate.at("signerName");
  check_signer_name(signer, errors);
  one_of(certificate.at("keyType"), {"RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"},
         errors);
  const field expiry = certificate.at("maxExpirationSeconds");
  if (expiry.present() && expiry.integer() < shortest_s)
    errors.invalid(expiry, expiry.value(), "if provided, maxExpirationSeconds must be >= 3600");
  const std::int64_t longest = signer.text().starts_with("kubernetes.io/") ? longest_own_s : longest_s;
  if (expiry.present() && expiry.integer() > longest)
    errors.invalid(expiry, expiry.value(),
                   fmt::format("if provided, maxExpirationSeconds must be <= {}", longest));
  bool any = false;
  for (const std::string_view name : {"credentialBundlePath", "keyPath", "certificateChainPath"}) {
    const field path = certificate.at(name);
    if (path.zero()) continue;
    any = true;
    check_local_path(path, errors);
    paths.add(path.text(), path.text());
  }
  if (!any)
    errors.required(certificate,
                    "specify at least one of credentialBundlePath, keyPath, and certificateChainPath");
}

void check_projected(const field& volume, const source_scope&, field_errors& errors) {
  check_mode(volume.at("defaultMode"), errors);
  projected_paths paths(volume, errors);
  for (const field source : volume.at("sources").items()) {
    int kinds = 0;
    for (const std::string_view name : {"secret", "configMap"})
      if (const field part = source.at(name); part.present()) {
        ++kinds;
        check_projected_items(part, paths, errors);
      }
    if (const field downward = source.at("downwardAPI"); downward.present()) {
      ++kinds;
      for (const field file : downward.at("items").items()) {
        check_downward_file(file, downward, errors);
        paths.add(file.at("path").text(), file.at("path").text());
      }
    }
    if (const field token = source.at("serviceAccountToken"); token.present()) {
      ++kinds;
      check_projected_token(token, volume, errors);
    }
    if (const field bundle = source.at("clusterTrustBundle"); bundle.present()) {
      ++kinds;
      check_trust_bundle(bundle, paths, errors);
    }
    if (const field certificate = source.at("podCertificate"); certificate.present()) {
      ++kinds;
      check_pod_certificate(certificate, paths, errors);
    }
    if (kinds > 1) errors.forbidden(source, "may not specify more than 1 volume type per source");
  }
}

void check_inline_csi(const field& source, const source_scope&, field_errors& errors) {
  check_driver_name(source.at("driver"), errors);
  const field secret = source.at("nodePublishSecretRef");
  if (!secret.present() || !require(secret.at("name"), errors)) return;
  for (const std::string& wrong : dns_subdomain(secret.at("name").text()))
    errors.invalid(source.named("name"), secret.at("name").text(), wrong);
}

void check_ephemeral(const field& source, const source_scope& scope, field_errors& errors) {
  const field claim = source.at("volumeClaimTemplate");
  if (!claim.present())
    errors.required(claim);
  else {
    check_template_metadata(claim.at("metadata"), errors);
    check_claim_spec(claim.at("spec"), errors);
  }
  if (scope.pod_name.empty() || scope.volume_name.empty()) return;
  const std::string name = fmt::format("{}-{}", scope.pod_name, scope.volume_name);
  for (const std::string& wrong : dns_subdomain(name))
    errors.invalid(scope.volume.named("name"), scope.volume_name,
                   fmt::format("PVC name {}: {}", go_quoted(name), wrong));
}

void check_image(const field& source, const source_scope& scope, field_errors& errors) {
  if (scope.in_pod) require(source.at("reference"), errors);
  require_one_of(source.at("pullPolicy"), {"Always", "IfNotPresent", "Never"}, errors);
}

constexpr volume_source pod_sources[] = {
    {"emptyDir", {}, {}, check_empty_dir},
    {"hostPath", {}, {}, check_host_path},
    {"gitRepo", {}, {}, check_git_repo},
    {"gcePersistentDisk", "persistentDisk", {}, check_gce_disk},
    {"awsElasticBlockStore", {}, {}, check_aws_disk},
    {"secret", {}, {}, check_secret},
    {"nfs", {}, {}, check_nfs},
    {"iscsi", {}, {}, check_iscsi},
    {"glusterfs", {}, {}, check_glusterfs},
    {"flocker", {}, {}, check_flocker},
    {"persistentVolumeClaim", {}, {}, check_claim_reference},
    {"rbd", {}, {}, check_rbd},
    {"cinder", {}, {}, check_cinder},
    {"cephfs", {}, "cephFS", check_cephfs},
    {"quobyte", {}, {}, check_quobyte},
    {"downwardAPI", {}, "downwarAPI", check_downward},
    {"fc", {}, {}, check_fibre_channel},
    {"flexVolume", {}, {}, check_flex},
    {"configMap", {}, {}, check_config_map},
    {"azureFile", {}, {}, check_azure_file},
    {"vsphereVolume", {}, {}, check_vsphere},
    {"photonPersistentDisk", {}, {}, check_photon},
    {"portworxVolume", {}, {}, check_portworx},
    {"azureDisk", {}, {}, check_azure_disk},
    {"storageos", {}, {}, check_storageos},
    {"projected", {}, {}, check_projected},
    {"scaleIO", {}, {}, check_scale_io},
    {"csi", {}, {}, check_inline_csi},
    {"ephemeral", {}, {}, check_ephemeral},
    {"image", {}, {}, check_image},
};

} // namespace

void check_sources(std::span<const volume_source> sources, const field& holder, const source_scope& scope,
                   field_errors& errors) {
  int found = 0;
  for (const volume_source& kind : sources) {
    if (!holder.contains(kind.name)) continue;
    const field source = holder.at(kind.name);
    if (found > 0) {
      errors.forbidden(holder.named(kind.refused_as.empty() ? kind.name : kind.refused_as),
                       "may not specify more than 1 volume type");
      continue;
    }
    ++found;
    kind.check(kind.path.empty() ? source : holder.named(kind.path).with(source.value()), scope, errors);
  }
  if (found == 0) errors.required(holder, "must specify a volume type");
}

void check_volumes(pod_scope& pod, field_errors& errors) {
  const field volumes = pod.spec.at("volumes");
  const std::string_view pod_name =
      pod.metadata == nullptr ? std::string_view{} : pod.metadata->at("name").text();
  std::set<std::string> made_claims;
  for (const field volume : volumes.items())
    if (!pod_name.empty() && volume.contains("ephemeral"))
      made_claims.insert(fmt::format("{}-{}", pod_name, volume.at("name").text()));

  for (const field volume : volumes.items()) {
    const field name = volume.at("name");
    const std::size_t before = errors.causes().size();
    check_sources(pod_sources, volume, {volume, pod_name, name.text(), false, pod.metadata != nullptr},
                  errors);
    check_required_format(name, dns_label, errors);
    if (pod.volumes.contains(name.text())) errors.duplicate(name, name.text());
    if (errors.causes().size() == before) pod.volumes.emplace(name.text(), volume);
    const field claim = volume.at("persistentVolumeClaim").at("claimName");
    if (claim.present() && made_claims.contains(std::string(claim.text())))
      errors.invalid(claim, claim.text(),
                     "must not reference a PVC that gets created for an ephemeral volume");
  }
}

} // namespace actord::schema::rules
