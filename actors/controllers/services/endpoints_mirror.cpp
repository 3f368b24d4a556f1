#include "actors/controllers/services/endpoints_reconciler.hpp"

#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

constexpr std::string_view manager_label = "endpoints.kubernetes.io/managed-by";
constexpr std::string_view capacity_annotation = "endpoints.kubernetes.io/over-capacity";
constexpr std::size_t most_addresses = 1000;

json address_of(const endpoints_state& state, const endpoint_pod& pod, const std::string& ip) {
  json out{
      {"ip", ip},
      {"targetRef", {{"kind", "Pod"}, {"namespace", state.key.space}, {"name", pod.name}, {"uid", pod.uid}}}};
  if (!pod.node_name.empty()) out["nodeName"] = pod.node_name;
  if (!pod.hostname.empty() && pod.subdomain == state.service.view.meta.name) out["hostname"] = pod.hostname;
  return out;
}

/// The one address family the old API shows: the Service's first.
const std::string* address_in_family(const endpoint_pod& pod, bool ipv6) {
  for (const auto& address : pod.addresses)
    if ((address.find(':') != std::string::npos) == ipv6) return &address;
  return nullptr;
}

/// One subset per set of ports. `left` is how many addresses the object still takes.
json subset_of(const endpoints_state& state, const endpoint_group& group, std::size_t& left, bool& cut) {
  const auto& service = state.service.view;
  const bool ipv6 = !service.ip_families.empty() && service.ip_families.front() == "IPv6";
  json ready = json::array(), not_ready = json::array();
  for (const endpoint_pod* const pod : group.pods) {
    const std::string* const ip = address_in_family(*pod, ipv6);
    if (ip == nullptr || (pod->terminating && !service.publish_not_ready)) continue;
    if (left == 0) {
      cut = true;
      break;
    }
    --left;
    (pod->ready || service.publish_not_ready ? ready : not_ready).push_back(address_of(state, *pod, *ip));
  }
  json out = json::object();
  if (ready.empty() && not_ready.empty()) return out;
  if (!ready.empty()) out["addresses"] = std::move(ready);
  if (!not_ready.empty()) out["notReadyAddresses"] = std::move(not_ready);
  for (const auto& port : group.ports) {
    json item{{"port", port.port.value_or(0)}, {"protocol", port.protocol}};
    if (!port.name.empty()) item["name"] = port.name;
    if (!port.app_protocol.empty()) item["appProtocol"] = port.app_protocol;
    out["ports"].push_back(std::move(item));
  }
  return out;
}

} // namespace

void mirror_endpoints(const endpoints_state& state, const std::vector<endpoint_group>& groups, plan& out) {
  const auto& service = state.service.view;
  std::size_t left = most_addresses;
  bool cut = false;
  json subsets = json::array();
  for (const endpoint_group& group : groups)
    if (json subset = subset_of(state, group, left, cut); !subset.empty())
      subsets.push_back(std::move(subset));
  schema::text_map labels = service.meta.labels;
  labels[std::string(manager_label)] = "endpoint-controller";
  if (service.headless()) labels["service.kubernetes.io/headless"] = "";
  schema::text_map annotations;
  if (cut) annotations[std::string(capacity_annotation)] = "truncated";
  const object_key key{schema::builtin("", "endpoints").id, state.key.space, state.key.name};
  if (!state.endpoints) {
    json body{{"apiVersion", "v1"},
              {"kind", "Endpoints"},
              {"metadata", {{"name", key.name}, {"namespace", key.space}, {"labels", labels}}}};
    if (!annotations.empty()) body["metadata"]["annotations"] = annotations;
    if (!subsets.empty()) body["subsets"] = std::move(subsets);
    out.create.push_back({key, std::move(body), "mirror of the slices"});
    return;
  }
  const endpoints_object& old = *state.endpoints;
  const bool marked = old.meta.annotations.contains(capacity_annotation);
  if (old.subsets == subsets && old.meta.labels == labels && marked == cut) return;
  json label_patch = labels;
  for (const auto& [name, value] : old.meta.labels)
    if (!labels.contains(name)) label_patch[name] = nullptr;
  json patch{{"metadata", {{"labels", std::move(label_patch)}}},
             {"subsets", subsets.empty() ? json() : subsets}};
  if (marked != cut)
    patch["metadata"]["annotations"][std::string(capacity_annotation)] = cut ? json("truncated") : json();
  out.patch.push_back({key, "", old.meta.uid, old.at, std::move(patch), "mirror of the slices"});
}

} // namespace actord::actors
