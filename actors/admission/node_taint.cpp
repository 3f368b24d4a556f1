#include "actors/admission/node_taint.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/field.hpp"

namespace actord::actors {

using schema::rules::field;

void taint_new_node(json& node) {
  constexpr const char* key = "node.kubernetes.io/not-ready";
  json& spec = node["spec"];
  if (!spec.is_object()) spec = json::object();
  json& taints = spec["taints"];
  if (!taints.is_array()) taints = json::array();
  for (const json& taint : taints)
    if (field(taint).at("key").text() == key && field(taint).at("effect").text() == "NoSchedule") return;
  taints.push_back({{"key", key}, {"effect", "NoSchedule"}});
}

schema::text_map topology_labels(const schema::text_map& node_labels) {
  schema::text_map taken;
  for (const char* key : {"topology.kubernetes.io/zone", "topology.kubernetes.io/region"})
    if (const auto found = node_labels.find(key); found != node_labels.end()) taken.insert(*found);
  return taken;
}

} // namespace actord::actors
