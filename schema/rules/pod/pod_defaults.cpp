#include "schema/rules/pod/pod_defaults.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/checks/field.hpp"

#include <array>

namespace actord::schema::rules {

namespace {

constexpr std::array<std::string_view, 3> container_lists{"initContainers", "containers",
                                                          "ephemeralContainers"};
constexpr std::array<std::string_view, 3> probes{"livenessProbe", "readinessProbe", "startupProbe"};

std::string_view pull_policy(std::string_view image) {
  return image_tag(image) == "latest" ? "Always" : "IfNotPresent";
}

void default_http_get(json& handler) {
  json* request = member(handler, "httpGet");
  if (request == nullptr) return;
  fill_zero(*request, "path", "/");
  fill_zero(*request, "scheme", "HTTP");
}

void default_probe(json& probe) {
  fill_zero(probe, "timeoutSeconds", 1);
  fill_zero(probe, "periodSeconds", 10);
  fill_zero(probe, "successThreshold", 1);
  fill_zero(probe, "failureThreshold", 3);
  default_http_get(probe);
  if (json* call = member(probe, "grpc")) fill(*call, "service", "");
}

void default_container(json& container) {
  fill_zero(container, "imagePullPolicy", pull_policy(field(container).at("image").text()));
  fill_zero(container, "terminationMessagePath", "/dev/termination-log");
  fill_zero(container, "terminationMessagePolicy", "File");
  if (json* ports = member(container, "ports"))
    for (json& port : *ports) fill_zero(port, "protocol", "TCP");
  if (json* variables = member(container, "env"))
    for (json& variable : *variables) {
      if (json* source = member_at(variable, "valueFrom.fieldRef")) fill_zero(*source, "apiVersion", "v1");
      if (json* source = member_at(variable, "valueFrom.fileKeyRef")) fill(*source, "optional", false);
    }
  if (json* resources = member(container, "resources")) round_resources(*resources);
  for (const std::string_view name : probes)
    if (json* probe = member(container, name)) default_probe(*probe);
  for (const std::string_view path : {"lifecycle.postStart", "lifecycle.preStop"})
    if (json* handler = member_at(container, path)) default_http_get(*handler);
}

void default_downward_items(json& source) {
  json* items = member(source, "items");
  if (items == nullptr) return;
  for (json& item : *items)
    if (json* reference = member(item, "fieldRef")) fill_zero(*reference, "apiVersion", "v1");
}

void default_projected(json& source) {
  fill(source, "defaultMode", 0644);
  json* parts = member(source, "sources");
  if (parts == nullptr) return;
  for (json& part : *parts) {
    if (json* token = member(part, "serviceAccountToken")) fill(*token, "expirationSeconds", 3600);
    if (json* downward = member(part, "downwardAPI")) default_downward_items(*downward);
    if (json* certificate = member(part, "podCertificate")) fill(*certificate, "maxExpirationSeconds", 86400);
  }
}

void default_iscsi(json& source) { fill_zero(source, "iscsiInterface", "default"); }

void default_rbd(json& source) {
  fill_zero(source, "pool", "rbd");
  fill_zero(source, "user", "admin");
  fill_zero(source, "keyring", "/etc/ceph/keyring");
}

void default_azure_disk(json& source) {
  fill(source, "cachingMode", "ReadWrite");
  fill(source, "kind", "Shared");
  fill(source, "fsType", "ext4");
  fill(source, "readOnly", false);
}

void default_scale_io(json& source) {
  fill_zero(source, "storageMode", "ThinProvisioned");
  fill_zero(source, "fsType", "xfs");
}

void default_volume(json& volume) {
  bool has_source = false;
  for (const auto& [name, value] : volume.items())
    has_source = has_source || (name != "name" && !value.is_null());
  if (!has_source) volume["emptyDir"] = json::object();
  for (const std::string_view name : {"secret", "configMap", "downwardAPI"})
    if (json* source = member(volume, name)) fill(*source, "defaultMode", 0644);
  if (json* source = member(volume, "downwardAPI")) default_downward_items(*source);
  if (json* source = member(volume, "projected")) default_projected(*source);
  if (json* source = member(volume, "image"))
    fill_zero(*source, "pullPolicy", pull_policy(field(*source).at("reference").text()));
  if (json* claim = member_at(volume, "ephemeral.volumeClaimTemplate.spec")) default_claim_spec(*claim);
  default_volume_source(volume);
}

/// Requests default to limits.
void default_requests(json& container) {
  json* resources = member(container, "resources");
  json* limits = resources == nullptr ? nullptr : member(*resources, "limits");
  if (limits == nullptr) return;
  json& requests = open_member(*resources, "requests");
  for (const auto& [name, value] : limits->items()) fill(requests, name, value);
}

void default_host_ports(json& spec, std::string_view list) {
  json* containers = member(spec, list);
  if (containers == nullptr) return;
  for (json& container : *containers)
    if (json* ports = member(container, "ports"))
      for (json& port : *ports) fill_zero(port, "hostPort", field(port).at("containerPort").integer());
}

} // namespace

void default_volume_source(json& holder) {
  if (json* source = member(holder, "hostPath")) fill(*source, "type", "");
  if (json* source = member(holder, "iscsi")) default_iscsi(*source);
  if (json* source = member(holder, "rbd")) default_rbd(*source);
  if (json* source = member(holder, "azureDisk")) default_azure_disk(*source);
  if (json* source = member(holder, "scaleIO")) default_scale_io(*source);
}

void default_claim_spec(json& spec) {
  fill(spec, "volumeMode", "Filesystem");
  if (json* resources = member(spec, "resources")) round_resources(*resources);
}

void default_pod_spec(json& spec) {
  if (!spec.is_object()) return;
  fill_zero(spec, "dnsPolicy", "ClusterFirst");
  fill_zero(spec, "restartPolicy", "Always");
  fill(spec, "securityContext", json::object());
  fill(spec, "terminationGracePeriodSeconds", 30);
  fill_zero(spec, "schedulerName", "default-scheduler");
  if (json* volumes = member(spec, "volumes"))
    for (json& volume : *volumes) default_volume(volume);
  for (const std::string_view list : container_lists)
    if (json* containers = member(spec, list))
      for (json& container : *containers) default_container(container);
  if (json* overhead = member(spec, "overhead")) round_quantities(*overhead);
  if (json* resources = member(spec, "resources")) round_resources(*resources);
  // The deprecated name of the field is always kept in step.
  const std::string account(field(spec).at("serviceAccountName").text());
  if (!account.empty())
    spec["serviceAccount"] = account;
  else if (const json* old_name = member(spec, "serviceAccount"))
    spec["serviceAccountName"] = *old_name;
}

void default_pod_template(json& pod_template) {
  if (pod_template.is_object()) default_pod_spec(open_member(pod_template, "spec"));
}

void default_pod(json& pod) {
  json& spec = open_member(pod, "spec");
  for (const std::string_view list : {"containers", "initContainers"})
    if (json* containers = member(spec, list))
      for (json& container : *containers) default_requests(container);
  default_pod_level_resources(spec);
  fill(spec, "enableServiceLinks", true);
  if (field(spec).at("hostNetwork").truth())
    for (const std::string_view list : {"containers", "initContainers"}) default_host_ports(spec, list);
  default_pod_spec(spec);
}

} // namespace actord::schema::rules
