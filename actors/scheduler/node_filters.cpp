#include "actors/scheduler/node_filters.hpp"

#include "actors/scheduler/node_trial.hpp"

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

std::optional<refusal> standing_refusal(const scheduling_pod& pod, const node_detail& node) {
  if (node.unschedulable && !may_use_unschedulable(pod)) return refusal::unschedulable;
  if (!pod.node_name.empty() && pod.node_name != node.name) return refusal::node_name;
  if (!tolerates_hard_taints(pod, node)) return refusal::taints;
  if (!selects(pod, node)) return refusal::selector;
  return std::nullopt;
}

node_refusals refusals(const placement_state& cluster, const scheduling_pod& pod, node_slot slot,
                       pod_relations& relations) {
  if (const auto why = standing_refusal(pod, cluster.detail(slot))) return node_refusals::of(*why);
  return node_trial(cluster, pod, slot, relations).refusals();
}

std::vector<node_slot> named_nodes(const placement_state& cluster, const scheduling_pod& pod) {
  std::vector<node_slot> out;
  for (const std::string& name : *pod.only_nodes)
    if (const auto slot = cluster.slot_of(name)) out.push_back(*slot);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<node_slot> feasible_nodes(const placement_state& cluster, const scheduling_pod& pod,
                                      pod_relations& relations) {
  const node_columns& columns = cluster.columns();
  if (pod.only_nodes) {
    std::vector<node_slot> named = named_nodes(cluster, pod);
    std::erase_if(named, [&](node_slot slot) { return !refusals(cluster, pod, slot, relations).empty(); });
    return named;
  }
  const std::vector<std::uint8_t> fits = resource_mask(columns, pod.request);
  const bool choosy =
      !pod.node_selector.empty() || pod.node_affinity.required.has_value() || !pod.node_name.empty();
  const bool closely = !pod.host_ports.empty() || !pod.request.others.empty() || relations.restricts();
  const nominations& nominated = cluster.nominated();
  std::vector<node_slot> out;
  for (node_slot slot = 0; slot < fits.size(); ++slot) {
    if (fits[slot] == 0) continue;
    const node_detail& node = cluster.detail(slot);
    if ((columns.guarded[slot] != 0 || choosy) && standing_refusal(pod, node)) continue;
    if ((closely || (!nominated.empty() && !nominated.on(node.name).empty())) &&
        !node_trial(cluster, pod, slot, relations).refusals().empty())
      continue;
    out.push_back(slot);
  }
  return out;
}

} // namespace actord::actors
