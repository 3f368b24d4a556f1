#include "actors/cluster/joining/join_service.hpp"

#include "schema/base/json.hpp"

#include <string>

namespace actord::actors {
namespace {

constexpr const char* rbac = "rbac.authorization.k8s.io";

json metadata(const std::string& name) {
  return {{"name", name},
          {"labels", {{"kubernetes.io/bootstrapping", "rbac-defaults"}}},
          {"annotations", {{"rbac.authorization.kubernetes.io/autoupdate", "true"}}}};
}

json role(const std::string& name, const std::vector<std::string>& resources) {
  return {{"metadata", metadata(name)},
          {"rules", {{{"apiGroups", {"actord.dev"}}, {"resources", resources}, {"verbs", {"create"}}}}}};
}

json binding(const std::string& name, const std::vector<std::string>& groups) {
  json subjects = json::array();
  for (const std::string& group : groups)
    subjects.push_back({{"kind", "Group"}, {"apiGroup", rbac}, {"name", group}});
  return {{"metadata", metadata(name)},
          {"roleRef", {{"apiGroup", rbac}, {"kind", "ClusterRole"}, {"name", name}}},
          {"subjects", std::move(subjects)}};
}

constexpr const char* join_worker = "actord:join-worker";
constexpr const char* join_server = "actord:join-server";
constexpr const char* renew_node = "actord:renew-node";

} // namespace

std::vector<json> join_roles() {
  return {role(join_worker, {"joins"}), role(join_server, {"joins", "joins/server"}),
          role(renew_node, {"joins/renew"})};
}

std::vector<json> join_role_bindings() {
  return {binding(join_worker, {worker_token_group}), binding(join_server, {server_token_group}),
          binding(renew_node, {"system:nodes"})};
}

} // namespace actord::actors
