#include "actors/scheduler/node_filters.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

constexpr std::string_view unschedulable_taint = "node.kubernetes.io/unschedulable";

bool tolerates(const scheduling_pod& pod, const schema::taint_view& taint) {
  return std::any_of(pod.tolerations.begin(), pod.tolerations.end(),
                     [&](const auto& toleration) { return toleration.tolerates(taint); });
}

bool may_use_unschedulable(const scheduling_pod& pod) {
  return tolerates(pod, {std::string(unschedulable_taint), "", schema::taint_effect::no_schedule});
}

bool has_free_ports(const scheduling_pod& pod, const node_detail& node) {
  return std::none_of(pod.host_ports.begin(), pod.host_ports.end(), [&](const host_port& port) {
    return std::any_of(node.used_ports.begin(), node.used_ports.end(),
                       [&](const host_port& used) { return port.clashes_with(used); });
  });
}

std::int64_t amount_in(const std::map<std::string, std::int64_t, std::less<>>& amounts,
                       std::string_view name) {
  const auto found = amounts.find(name);
  return found == amounts.end() ? 0 : found->second;
}

bool others_fit(const pod_request& request, const node_detail& node) {
  return std::all_of(request.others.begin(), request.others.end(), [&](const auto& other) {
    return amount_in(node.used_others, other.first) + other.second <= amount_in(node.others, other.first);
  });
}

std::vector<std::string> missing_resources(const placement_state& cluster, const scheduling_pod& pod,
                                           node_slot slot) {
  const node_columns& columns = cluster.columns();
  const node_detail& node = cluster.detail(slot);
  const pod_request& request = pod.request;
  std::vector<std::string> out;
  if (columns.used_pods[slot] + 1 > columns.pods[slot]) out.emplace_back("Too many pods");
  const auto lacks = [](std::int64_t wanted, std::int64_t used, std::int64_t there) {
    return wanted > 0 && used + wanted > there;
  };
  if (lacks(request.milli_cpu, columns.used_milli_cpu[slot], columns.milli_cpu[slot]))
    out.emplace_back("Insufficient cpu");
  if (lacks(request.memory_bytes, columns.used_memory_bytes[slot], columns.memory_bytes[slot]))
    out.emplace_back("Insufficient memory");
  if (lacks(request.ephemeral_bytes, columns.used_ephemeral_bytes[slot], columns.ephemeral_bytes[slot]))
    out.emplace_back("Insufficient ephemeral-storage");
  for (const auto& [name, amount] : request.others)
    if (amount_in(node.used_others, name) + amount > amount_in(node.others, name))
      out.push_back("Insufficient " + name);
  return out;
}

/// One byte per node: alive, and its cpu, memory, storage and number of pods suffice. No branches, for the
/// vector unit.
std::vector<std::uint8_t> resource_mask(const node_columns& columns, const pod_request& request) {
  const std::size_t size = columns.size();
  std::vector<std::uint8_t> out(size);
  // A pod that asks for none of a resource may run even where it is overcommitted.
  const auto pass = [&](std::int64_t wanted, const std::vector<std::int64_t>& used,
                        const std::vector<std::int64_t>& there) {
    if (wanted <= 0) return;
    for (std::size_t i = 0; i < size; ++i) out[i] &= static_cast<std::uint8_t>(used[i] + wanted <= there[i]);
  };
  std::copy(columns.alive.begin(), columns.alive.end(), out.begin());
  pass(1, columns.used_pods, columns.pods);
  pass(request.milli_cpu, columns.used_milli_cpu, columns.milli_cpu);
  pass(request.memory_bytes, columns.used_memory_bytes, columns.memory_bytes);
  pass(request.ephemeral_bytes, columns.used_ephemeral_bytes, columns.ephemeral_bytes);
  return out;
}

} // namespace

bool selects(const scheduling_pod& pod, const node_detail& node) {
  for (const auto& [key, value] : pod.node_selector) {
    const auto found = node.labels.find(key);
    if (found == node.labels.end() || found->second != value) return false;
  }
  if (!pod.node_affinity.required) return true;
  const auto& terms = *pod.node_affinity.required;
  return std::any_of(terms.begin(), terms.end(),
                     [&](const auto& term) { return schema::matches(term, node.labels, node.name); });
}

bool tolerates_hard_taints(const scheduling_pod& pod, const node_detail& node) {
  return std::all_of(node.taints.begin(), node.taints.end(), [&](const auto& taint) {
    return taint.effect == schema::taint_effect::prefer_no_schedule || tolerates(pod, taint);
  });
}

std::vector<std::string> refusals(const placement_state& cluster, const scheduling_pod& pod, node_slot slot,
                                  const pod_relations& relations) {
  const node_detail& node = cluster.detail(slot);
  if (node.unschedulable && !may_use_unschedulable(pod)) return {"node(s) were unschedulable"};
  if (!pod.node_name.empty() && pod.node_name != node.name)
    return {"node(s) didn't match the requested node name"};
  if (!tolerates_hard_taints(pod, node)) return {"node(s) had untolerated taint(s)"};
  if (!selects(pod, node)) return {"node(s) didn't match Pod's node affinity/selector"};
  if (!has_free_ports(pod, node)) return {"node(s) didn't have free ports for the requested pod ports"};
  if (auto missing = missing_resources(cluster, pod, slot); !missing.empty()) return missing;
  if (std::string refusal = relations.refusal(node); !refusal.empty()) return {std::move(refusal)};
  return {};
}

std::vector<node_slot> feasible_nodes(const placement_state& cluster, const scheduling_pod& pod,
                                      const pod_relations& relations) {
  const node_columns& columns = cluster.columns();
  const std::vector<std::uint8_t> fits = resource_mask(columns, pod.request);
  const bool choosy =
      !pod.node_selector.empty() || pod.node_affinity.required.has_value() || !pod.node_name.empty();
  std::vector<node_slot> out;
  for (node_slot slot = 0; slot < fits.size(); ++slot) {
    if (fits[slot] == 0) continue;
    const node_detail& node = cluster.detail(slot);
    if (columns.guarded[slot] != 0 &&
        ((node.unschedulable && !may_use_unschedulable(pod)) || !tolerates_hard_taints(pod, node)))
      continue;
    if (choosy && ((!pod.node_name.empty() && pod.node_name != node.name) || !selects(pod, node))) continue;
    if (!pod.host_ports.empty() && !has_free_ports(pod, node)) continue;
    if (!pod.request.others.empty() && !others_fit(pod.request, node)) continue;
    if (relations.restricts() && !relations.refusal(node).empty()) continue;
    out.push_back(slot);
  }
  return out;
}

} // namespace actord::actors
