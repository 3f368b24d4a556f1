#include "tests/conformance/golden_replay/fake_admission.hpp"

#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::golden {

namespace {

constexpr const char* token_path = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr const char* token_volume = "kube-api-access-abcde";

void add_toleration(json& spec, const char* key) {
  json& tolerations = spec["tolerations"];
  if (!tolerations.is_array()) tolerations = json::array();
  for (const json& one : tolerations) {
    const std::string effect = one.value("effect", "");
    const std::string known = one.value("key", "");
    if ((known == key || known.empty()) && (effect == "NoExecute" || effect.empty())) return;
  }
  tolerations.push_back(
      {{"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 300}});
}

void mount_token(json& spec, const char* list) {
  if (!spec.contains(list) || !spec[list].is_array()) return;
  for (json& container : spec[list]) {
    if (!container.is_object()) continue;
    json& mounts = container["volumeMounts"];
    if (!mounts.is_array()) mounts = json::array();
    const auto at_place = [](const json& mount) { return mount.value("mountPath", "") == token_path; };
    if (std::ranges::none_of(mounts, at_place))
      mounts.push_back({{"name", token_volume}, {"readOnly", true}, {"mountPath", token_path}});
  }
}

void give_account(json& spec) {
  if (spec.value("serviceAccountName", "").empty())
    spec["serviceAccountName"] = spec["serviceAccount"] = "default";
  if (spec.contains("automountServiceAccountToken") && spec["automountServiceAccountToken"] == false) return;
  json& volumes = spec["volumes"];
  if (!volumes.is_array()) volumes = json::array();
  volumes.push_back(
      {{"name", token_volume},
       {"projected",
        {{"defaultMode", 420},
         {"sources",
          {{{"serviceAccountToken", {{"expirationSeconds", 3607}, {"path", "token"}}}},
           {{"configMap",
             {{"name", "kube-root-ca.crt"}, {"items", {{{"key", "ca.crt"}, {"path", "ca.crt"}}}}}}},
           {{"downwardAPI",
             {{"items",
               {{{"path", "namespace"},
                 {"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}}}}}}}}}}}});
  mount_token(spec, "containers");
  mount_token(spec, "initContainers");
}

result<void> admit_pod(json& object, const json* old) {
  if (old != nullptr || !object.contains("spec")) return {};
  json& spec = object["spec"];
  give_account(spec);
  add_toleration(spec, "node.kubernetes.io/not-ready");
  add_toleration(spec, "node.kubernetes.io/unreachable");
  if (spec.value("priorityClassName", "").empty()) {
    spec["priority"] = 0;
    spec["preemptionPolicy"] = "PreemptLowerPriority";
  }
  return {};
}

result<void> admit_node(json& object, const json* old) {
  if (old != nullptr) return {};
  json& taints = object["spec"]["taints"];
  if (!taints.is_array()) taints = json::array();
  taints.push_back({{"key", "node.kubernetes.io/not-ready"}, {"effect", "NoSchedule"}});
  return {};
}

} // namespace

schema::admission_step fake_admission(const schema::resource_type& type) {
  if (type.group.empty() && type.plural == "pods") return admit_pod;
  if (type.group.empty() && type.plural == "nodes") return admit_node;
  return {};
}

void fake_allocation(const schema::resource_type& type, json& object) {
  if (!type.group.empty() || type.plural != "services") return;
  json& spec = object["spec"];
  if (spec.value("type", "") == "ExternalName") return;
  if (spec.value("clusterIP", "").empty()) {
    spec["clusterIP"] = "10.0.0.1";
    spec["clusterIPs"] = {"10.0.0.1"};
  }
  if (!spec.contains("ipFamilies")) spec["ipFamilies"] = {"IPv4"};
  if (!spec.contains("ipFamilyPolicy")) spec["ipFamilyPolicy"] = "SingleStack";
  const std::string kind = spec.value("type", "");
  if (kind == "NodePort" || (kind == "LoadBalancer" && spec.value("allocateLoadBalancerNodePorts", true)))
    for (json& port : spec["ports"])
      if (port.value("nodePort", 0) == 0) port["nodePort"] = 30000;
}

} // namespace actord::golden
