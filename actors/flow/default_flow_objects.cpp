#include "actors/flow/default_flow_objects.hpp"

#include <optional>

namespace actord::actors {
namespace {

constexpr const char* api_version = "flowcontrol.apiserver.k8s.io/v1";

json object_named(const char* kind, const char* name, json spec) {
  return {{"apiVersion", api_version},
          {"kind", kind},
          {"metadata", {{"name", name}, {"annotations", {{keep_spec_annotation, "true"}}}}},
          {"spec", std::move(spec)}};
}

struct queue_shape {
  int queues;
  int hand_size;
  int length;
};

json limited_level(const char* name, int shares, int lendable_percent, std::optional<queue_shape> queues) {
  json response = {{"type", "Reject"}};
  if (queues)
    response = {{"type", "Queue"},
                {"queuing",
                 {{"queues", queues->queues},
                  {"handSize", queues->hand_size},
                  {"queueLengthLimit", queues->length}}}};
  return object_named("PriorityLevelConfiguration", name,
                      {{"type", "Limited"},
                       {"limited",
                        {{"nominalConcurrencyShares", shares},
                         {"lendablePercent", lendable_percent},
                         {"limitResponse", std::move(response)}}}});
}

json groups(std::initializer_list<const char*> names) {
  json list = json::array();
  for (const char* name : names) list.push_back({{"kind", "Group"}, {"group", {{"name", name}}}});
  return list;
}

json users(std::initializer_list<const char*> names) {
  json list = json::array();
  for (const char* name : names) list.push_back({{"kind", "User"}, {"user", {{"name", name}}}});
  return list;
}

json system_accounts() {
  return {{"kind", "ServiceAccount"}, {"serviceAccount", {{"name", "*"}, {"namespace", "kube-system"}}}};
}

json resource_rule(std::initializer_list<const char*> verbs, const char* group,
                   std::initializer_list<const char*> resources, bool cluster_scope) {
  json rule = {{"verbs", json::array()},
               {"apiGroups", json::array({group})},
               {"resources", json::array()},
               {"namespaces", json::array({"*"})}};
  for (const char* verb : verbs) rule["verbs"].push_back(verb);
  for (const char* resource : resources) rule["resources"].push_back(resource);
  if (cluster_scope) rule["clusterScope"] = true;
  return rule;
}

/// Whatever these subjects ask for.
json everything_of(json subjects) {
  return {{"subjects", std::move(subjects)},
          {"resourceRules", json::array({resource_rule({"*"}, "*", {"*"}, true)})},
          {"nonResourceRules",
           json::array({{{"verbs", json::array({"*"})}, {"nonResourceURLs", json::array({"*"})}}})}};
}

json schema_named(const char* name, const char* level, int precedence, const char* distinguisher, json rule) {
  json spec = {{"priorityLevelConfiguration", {{"name", level}}},
               {"matchingPrecedence", precedence},
               {"rules", json::array({std::move(rule)})}};
  if (distinguisher != nullptr) spec["distinguisherMethod"] = {{"type", distinguisher}};
  return object_named("FlowSchema", name, std::move(spec));
}

constexpr const char* by_user = "ByUser";
constexpr const char* by_namespace = "ByNamespace";

json everybody() { return groups({"system:unauthenticated", "system:authenticated"}); }

json probes() {
  return {{"subjects", everybody()},
          {"nonResourceRules",
           json::array({{{"verbs", json::array({"get"})},
                         {"nonResourceURLs", json::array({"/healthz", "/readyz", "/livez"})}}})}};
}

json leader_election() {
  json subjects = users({"system:kube-controller-manager", "system:kube-scheduler"});
  subjects.push_back(system_accounts());
  return {{"subjects", std::move(subjects)},
          {"resourceRules", json::array({resource_rule({"get", "create", "update"}, "coordination.k8s.io",
                                                       {"leases"}, false)})}};
}

json node_health() {
  return {{"subjects", groups({"system:nodes"})},
          {"resourceRules", json::array({resource_rule({"*"}, "", {"nodes", "nodes/status"}, true),
                                         resource_rule({"*"}, "coordination.k8s.io", {"leases"}, false)})}};
}

} // namespace

const std::vector<json>& mandatory_flow_schemas() {
  static const std::vector<json> schemas{
      schema_named("exempt", "exempt", 1, nullptr, everything_of(groups({"system:masters"}))),
      schema_named("catch-all", "catch-all", 10000, by_user, everything_of(everybody()))};
  return schemas;
}

const std::vector<json>& mandatory_priority_levels() {
  static const std::vector<json> levels{
      object_named(
          "PriorityLevelConfiguration", "exempt",
          {{"type", "Exempt"}, {"exempt", {{"nominalConcurrencyShares", 0}, {"lendablePercent", 0}}}}),
      limited_level("catch-all", 5, 0, std::nullopt)};
  return levels;
}

const std::vector<json>& suggested_flow_schemas() {
  static const std::vector<json> schemas{
      schema_named("probes", "exempt", 2, nullptr, probes()),
      schema_named("system-leader-election", "leader-election", 100, by_user, leader_election()),
      schema_named("system-node-high", "node-high", 400, by_user, node_health()),
      schema_named("system-nodes", "system", 500, by_user, everything_of(groups({"system:nodes"}))),
      schema_named("kube-controller-manager", "workload-high", 800, by_namespace,
                   everything_of(users({"system:kube-controller-manager"}))),
      schema_named("kube-scheduler", "workload-high", 800, by_namespace,
                   everything_of(users({"system:kube-scheduler"}))),
      schema_named("kube-system-service-accounts", "workload-high", 900, by_namespace,
                   everything_of(json::array({system_accounts()}))),
      schema_named("service-accounts", "workload-low", 9000, by_user,
                   everything_of(groups({"system:serviceaccounts"}))),
      schema_named("global-default", "global-default", 9900, by_user, everything_of(everybody()))};
  return schemas;
}

const std::vector<json>& suggested_priority_levels() {
  static const std::vector<json> levels{limited_level("system", 30, 33, queue_shape{64, 6, 50}),
                                        limited_level("node-high", 40, 25, queue_shape{64, 6, 50}),
                                        limited_level("leader-election", 10, 0, queue_shape{16, 4, 50}),
                                        limited_level("workload-high", 40, 50, queue_shape{128, 6, 50}),
                                        limited_level("workload-low", 100, 90, queue_shape{128, 6, 50}),
                                        limited_level("global-default", 20, 50, queue_shape{128, 6, 50})};
  return levels;
}

} // namespace actord::actors
