#include "actors/scheduler/place.hpp"

#include "actors/scheduler/node_filters.hpp"
#include "actors/scheduler/node_scores.hpp"

#include <algorithm>

namespace actord::actors {

std::string placement::message() const {
  if (node) return "placed on " + *node;
  if (nodes == 0) return "no nodes available to schedule pods";
  if (!contradiction.empty())
    return "0/" + std::to_string(nodes) + " nodes are available: " + contradiction + '.';
  return nodes_message(nodes, reasons);
}

namespace {

/// Why no node fits.
placement explained(placement out, const placement_state& cluster, const scheduling_pod& pod,
                    pod_relations& relations) {
  if (pod.only_nodes && pod.only_nodes->empty()) {
    out.contradiction = "pod affinity terms conflict";
    return out;
  }
  refusal_tally tally;
  const auto ask = [&](node_slot slot) {
    const node_refusals why = refusals(cluster, pod, slot, relations);
    tally.add(why);
    if (why.resolvable) out.resolvable.push_back(slot);
  };
  if (pod.only_nodes) {
    const std::vector<node_slot> named = named_nodes(cluster, pod);
    for (const node_slot slot : named) ask(slot);
    tally.add(refusal::node_name_demanded, out.nodes - named.size());
  } else {
    for (node_slot slot = 0; slot < cluster.columns().size(); ++slot)
      if (cluster.columns().alive[slot] != 0) ask(slot);
  }
  out.reasons = tally.reasons(pod.request);
  return out;
}

} // namespace

placement place(const placement_state& cluster, const scheduling_pod& pod, std::uint64_t tie) {
  pod_relations relations(cluster, pod);
  return place(cluster, pod, tie, relations);
}

placement place(const placement_state& cluster, const scheduling_pod& pod, std::uint64_t tie,
                pod_relations& relations) {
  placement out;
  out.nodes = cluster.node_count();
  if (const auto slot = cluster.slot_of(cluster.nominated().node_of(pod.uid));
      slot && refusals(cluster, pod, *slot, relations).empty()) {
    out.node = cluster.detail(*slot).name;
    return out;
  }
  const std::vector<node_slot> nodes = feasible_nodes(cluster, pod, relations);
  if (nodes.empty()) return explained(std::move(out), cluster, pod, relations);
  if (nodes.size() == 1) {
    out.node = cluster.detail(nodes.front()).name;
    return out;
  }
  const std::vector<double> scores = score_nodes(cluster, pod, relations, nodes);
  const double best = *std::max_element(scores.begin(), scores.end());
  const auto alike = static_cast<std::uint64_t>(std::count(scores.begin(), scores.end(), best));
  std::uint64_t skip = tie % alike;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (scores[i] != best) continue;
    if (skip == 0) {
      out.node = cluster.detail(nodes[i]).name;
      break;
    }
    --skip;
  }
  return out;
}

} // namespace actord::actors
