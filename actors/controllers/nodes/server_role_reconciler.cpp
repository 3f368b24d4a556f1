#include "actors/controllers/nodes/server_role_reconciler.hpp"

#include "schema/base/json.hpp"

namespace actord::actors {

namespace {

constexpr const char* label = "node-role.kubernetes.io/control-plane";

} // namespace

plan reconcile(const object_key& key, const seen<schema::meta_view>& node, machine_role role) {
  plan out;
  const bool serves = role == machine_role::server;
  out.verdict = serves                         ? "serves the API"
                : role == machine_role::worker ? "runs pods only"
                                               : "not registered";
  if (role == machine_role::unknown || serves == node.view.labels.contains(label)) return out;
  out.patch.push_back({key,
                       "",
                       node.view.uid,
                       std::nullopt,
                       {{"metadata", {{"labels", {{label, serves ? json("") : json()}}}}}},
                       out.verdict});
  return out;
}

} // namespace actord::actors
