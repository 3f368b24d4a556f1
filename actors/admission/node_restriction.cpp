#include "actors/admission/node_restriction.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "actors/admission/service_account.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/json.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace actord::actors {
namespace {

using schema::rules::field;

constexpr std::string_view user_prefix = "system:node:";
constexpr std::string_view lease_space = "kube-node-lease";

std::string_view verb_name(write_verb verb) {
  switch (verb) {
  case write_verb::create:
    return "CREATE";
  case write_verb::remove:
    return "DELETE";
  default:
    return "UPDATE";
  }
}

bool changes(write_verb verb) { return verb == write_verb::update || verb == write_verb::patch; }

std::string node_name_of(const json* pod) {
  return pod == nullptr ? std::string() : std::string(field(*pod).at("spec").at("nodeName").text());
}

/// What a pod refers to in the API besides its service account; mirror pods may refer to nothing.
std::string_view api_reference(const json& pod) {
  const field spec = field(pod).at("spec");
  if (!spec.at("serviceAccountName").text().empty()) return "serviceaccounts";
  if (spec.at("imagePullSecrets").size() > 0) return "secrets";
  if (spec.at("resourceClaims").size() > 0) return "resourceclaims";
  for (const char* list : {"initContainers", "containers", "ephemeralContainers"})
    for (const field container : spec.at(list).items()) {
      for (const field variable : container.at("env").items()) {
        if (variable.at("valueFrom").contains("secretKeyRef")) return "secrets";
        if (variable.at("valueFrom").contains("configMapKeyRef")) return "configmaps";
      }
      for (const field source : container.at("envFrom").items()) {
        if (source.contains("secretRef")) return "secrets";
        if (source.contains("configMapRef")) return "configmaps";
      }
    }
  for (const field volume : spec.at("volumes").items()) {
    if (volume.contains("secret")) return "secrets";
    if (volume.contains("configMap")) return "configmaps";
    if (volume.contains("persistentVolumeClaim") || volume.contains("ephemeral"))
      return "persistentvolumeclaims";
    if (volume.contains("projected")) return "projected volumes";
    if (volume.contains("csi")) return "csi volumes";
  }
  return {};
}

result<void> check_owner(const node_write& write, const field& owners) {
  if (owners.size() > 1)
    return forbidden(fmt::format(
        "node \"{}\" can only create pods with a single owner reference set to itself", write.node));
  const field owner = owners.item(0);
  if (owner.at("apiVersion").text() != "v1" || owner.at("kind").text() != "Node" ||
      owner.at("name").text() != write.node)
    return forbidden(
        fmt::format("node \"{}\" can only create pods with an owner reference set to itself", write.node));
  if (!owner.at("controller").truth())
    return forbidden(fmt::format(
        "node \"{}\" can only create pods with a controller owner reference set to itself", write.node));
  if (owner.at("blockOwnerDeletion").truth())
    return forbidden(
        fmt::format("node \"{}\" must not set blockOwnerDeletion on an owner reference", write.node));
  const std::string uid = write.own_uid();
  if (owner.at("uid").text() != uid)
    return forbidden(
        fmt::format("node {} UID mismatch: expected {} got {}", write.node, owner.at("uid").text(), uid));
  return {};
}

result<void> check_pod_create(const node_write& write) {
  if (!is_mirror_pod(*write.object))
    return forbidden(fmt::format("pod does not have \"kubernetes.io/config.mirror\" annotation, node \"{}\" "
                                 "can only create mirror pods",
                                 write.node));
  if (node_name_of(write.object) != write.node)
    return forbidden(
        fmt::format("node \"{}\" can only create pods with spec.nodeName set to itself", write.node));
  if (auto held = check_owner(write, field(*write.object).at("metadata").at("ownerReferences")); !held)
    return held;
  if (const std::string_view used = api_reference(*write.object); !used.empty())
    return forbidden(fmt::format("node \"{}\" can not create pods that reference {}", write.node, used));
  return {};
}

result<void> check_pod_status(const node_write& write) {
  if (!changes(write.verb))
    return forbidden(fmt::format("unexpected operation \"{}\"", verb_name(write.verb)));
  if (node_name_of(write.old) != write.node)
    return forbidden(fmt::format(
        "node \"{}\" can only update pod status for pods with spec.nodeName set to itself", write.node));
  const field now(*write.object);
  const field before(*write.old);
  if (now.at("metadata").at("labels").value() != before.at("metadata").at("labels").value())
    return forbidden(fmt::format("node \"{}\" cannot update labels through pod status", write.node));
  if (now.at("status").at("resourceClaimStatuses").value() !=
      before.at("status").at("resourceClaimStatuses").value())
    return forbidden(fmt::format("node \"{}\" cannot update resource claim statues", write.node));
  if (now.at("status").at("extendedResourceClaimStatus").value() !=
      before.at("status").at("extendedResourceClaimStatus").value())
    return forbidden(fmt::format("node \"{}\" cannot update extended resource claim status", write.node));
  return {};
}

result<void> check_pod(const node_write& write) {
  if (write.subresource == "status") return check_pod_status(write);
  if (write.subresource == "eviction") {
    if (node_name_of(write.old) == write.node) return {};
    return forbidden(fmt::format("node {} can only evict pods with spec.nodeName set to itself", write.node));
  }
  if (!write.subresource.empty())
    return forbidden(fmt::format(
        "unexpected pod subresource \"{}\", only 'status' and 'eviction' are allowed", write.subresource));
  if (write.verb == write_verb::create) return check_pod_create(write);
  if (write.verb != write_verb::remove)
    return forbidden(
        fmt::format("unexpected operation \"{}\", node \"{}\" can only create and delete mirror pods",
                    verb_name(write.verb), write.node));
  if (node_name_of(write.old) == write.node) return {};
  return forbidden(
      fmt::format("node \"{}\" can only delete pods with spec.nodeName set to itself", write.node));
}

std::string_view domain_of(std::string_view key) {
  const std::size_t slash = key.find('/');
  return slash == std::string_view::npos ? std::string_view{} : key.substr(0, slash);
}

bool within(std::string_view domain, std::string_view root) {
  return domain == root || (domain.size() > root.size() && domain.ends_with(root) &&
                            domain[domain.size() - root.size() - 1] == '.');
}

std::set<std::string> forbidden_labels(const node_write& write) {
  static const json none;
  const json& now = field(*write.object).at("metadata").at("labels").value();
  const json& before = write.old == nullptr ? none : field(*write.old).at("metadata").at("labels").value();
  std::set<std::string> found;
  const auto look = [&](const json& one, const json& other) {
    if (!one.is_object()) return;
    for (const auto& [key, value] : one.items()) {
      if (other.is_object() && other.contains(key) && other[key] == value) continue;
      const std::string_view domain = domain_of(key);
      const bool guarded = within(domain, "node-restriction.kubernetes.io");
      const bool of_the_api = within(domain, "kubernetes.io") || within(domain, "k8s.io");
      if (guarded || (of_the_api && !is_own_node_label(key))) found.insert(key);
    }
  };
  look(now, before);
  look(before, now);
  return found;
}

result<void> check_node(const node_write& write) {
  std::string name(write.name);
  if (name.empty() && write.object != nullptr) name = field(*write.object).at("metadata").at("name").text();
  if (name != write.node)
    return forbidden(fmt::format("node \"{}\" is not allowed to modify node \"{}\"", write.node, name));
  if (write.object == nullptr) return {};
  const field now(*write.object);
  const field config = now.at("spec").at("configSource");
  const std::set<std::string> labels = forbidden_labels(write);
  if (write.old == nullptr) {
    if (config.present())
      return forbidden(
          fmt::format("node \"{}\" is not allowed to create pods with a non-nil configSource", write.node));
    if (!labels.empty())
      return forbidden(fmt::format("node \"{}\" is not allowed to set the following labels: {}", write.node,
                                   fmt::join(labels, ", ")));
    return {};
  }
  const field before(*write.old);
  if (config.present() && config.value() != before.at("spec").at("configSource").value())
    return forbidden(fmt::format(
        "node \"{}\" is not allowed to update configSource to a new non-nil configSource", write.node));
  if (now.at("spec").at("taints").value() != before.at("spec").at("taints").value())
    return forbidden(fmt::format("node \"{}\" is not allowed to modify taints", write.node));
  if (now.at("metadata").at("ownerReferences").value() != before.at("metadata").at("ownerReferences").value())
    return forbidden(fmt::format("node \"{}\" is not allowed to modify ownerReferences", write.node));
  if (!labels.empty())
    return forbidden(fmt::format("is not allowed to modify labels: {}", fmt::join(labels, ", ")));
  return {};
}

result<void> check_claim(const node_write& write) {
  if (write.subresource != "status") return forbidden("may only update PVC status");
  if (!changes(write.verb))
    return forbidden(fmt::format("unexpected operation \"{}\"", verb_name(write.verb)));
  const auto rest = [](json object) {
    for (const char* name : {"capacity", "conditions", "allocatedResources", "allocatedResourceStatuses"})
      if (object.contains("status")) object["status"].erase(name);
    object["metadata"].erase("managedFields");
    object["metadata"].erase("resourceVersion");
    return object;
  };
  if (rest(*write.object) == rest(*write.old)) return {};
  return forbidden(fmt::format(
      "node \"{}\" is not allowed to update fields other than status.quantity and status.conditions",
      write.node));
}

result<void> check_name(const node_write& write, std::string_view what) {
  std::string name(write.name);
  if (write.verb == write_verb::create && write.object != nullptr)
    name = field(*write.object).at("metadata").at("name").text();
  if (name == write.node) return {};
  return forbidden(fmt::format("can only access {} with the same name as the requesting node", what));
}

result<void> check_slice(const node_write& write) {
  const json* slice = write.verb == write_verb::create ? write.object : write.old;
  if (changes(write.verb) || node_name_of(slice) == write.node) return {};
  return forbidden(fmt::format("can only {} ResourceSlice with the same NodeName as the requesting node",
                               write.verb == write_verb::create ? "create" : "delete"));
}

} // namespace

std::optional<std::string> node_of(const caller_identity& caller) {
  if (!caller.user.starts_with(user_prefix)) return {};
  if (std::ranges::find(caller.groups, "system:nodes") == caller.groups.end()) return {};
  return caller.user.substr(user_prefix.size());
}

bool is_own_node_label(std::string_view key) {
  constexpr std::array<std::string_view, 11> own{"kubernetes.io/hostname",
                                                 "kubernetes.io/os",
                                                 "kubernetes.io/arch",
                                                 "beta.kubernetes.io/os",
                                                 "beta.kubernetes.io/arch",
                                                 "beta.kubernetes.io/instance-type",
                                                 "node.kubernetes.io/instance-type",
                                                 "failure-domain.beta.kubernetes.io/region",
                                                 "failure-domain.beta.kubernetes.io/zone",
                                                 "topology.kubernetes.io/region",
                                                 "topology.kubernetes.io/zone"};
  if (std::ranges::find(own, key) != own.end()) return true;
  const std::string_view domain = domain_of(key);
  return within(domain, "kubelet.kubernetes.io") || within(domain, "node.kubernetes.io");
}

result<void> check_node_write(const node_write& write) {
  const auto is = [&](std::string_view group, std::string_view plural) {
    return write.type.group == group && write.type.plural == plural;
  };
  if (is("", "pods")) return check_pod(write);
  if (is("", "nodes")) return check_node(write);
  if (is("", "persistentvolumeclaims")) return check_claim(write);
  if (is("coordination.k8s.io", "leases")) {
    if (write.space != lease_space)
      return forbidden(fmt::format("can only access leases in the \"{}\" system namespace", lease_space));
    return check_name(write, "node lease");
  }
  if (is("storage.k8s.io", "csinodes")) return check_name(write, "CSINode");
  if (is("resource.k8s.io", "resourceslices")) return check_slice(write);
  return {};
}

result<void> check_node_token_request(std::string_view node, const json& spec, const json* pod) {
  const field bound = field(spec).at("boundObjectRef");
  if (bound.at("apiVersion").text() != "v1" || bound.at("kind").text() != "Pod" ||
      bound.at("name").text().empty())
    return forbidden("node requested token not bound to a pod");
  const std::string_view uid = bound.at("uid").text();
  if (uid.empty()) return forbidden("node requested token with a pod binding without a uid");
  if (pod == nullptr || field(*pod).at("metadata").at("uid").text() != uid)
    return forbidden(
        fmt::format("the UID in the bound object reference ({}) does not match the UID in record. "
                    "The object might have been deleted and then recreated",
                    uid));
  if (node_name_of(pod) != node)
    return forbidden("node requested token bound to a pod scheduled on a different node");
  const field audiences = field(spec).at("audiences");
  if (audiences.size() > 1) return forbidden("node may only request 0 or 1 audiences");
  return {};
}

result<void> admit_token_request(const caller_identity& caller, const storage::snapshot& reads,
                                 std::string_view space, std::string_view account, const json& spec) {
  const auto node = node_of(caller);
  if (!node) return {};
  const schema::resource_type& pods = schema::builtin("", "pods");
  const std::string name(field(spec).at("boundObjectRef").at("name").text());
  json pod;
  if (!name.empty())
    if (const std::string_view bytes = reads.get({pods.stored_as, std::string(space), name}); !bytes.empty())
      if (const auto view = schema::object_view::open(bytes)) pod = view->to_json(pods);
  const auto held = check_node_token_request(*node, spec, pod.is_null() ? nullptr : &pod);
  if (held) return {};
  return object_forbidden(schema::builtin("", "serviceaccounts"), account, held.error().message);
}

} // namespace actord::actors
