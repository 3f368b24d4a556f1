#include "actors/scheduler/place.hpp"

#include "actors/scheduler/node_filters.hpp"
#include "actors/scheduler/node_scores.hpp"

#include <algorithm>
#include <set>

namespace actord::actors {

std::string placement::message() const {
  if (node) return "placed on " + *node;
  if (nodes == 0) return "no nodes available to schedule pods";
  std::set<std::string> lines; // sorted as text, number first
  for (const auto& [reason, count] : reasons) lines.insert(std::to_string(count) + ' ' + reason);
  std::string out = "0/" + std::to_string(nodes) + " nodes are available:";
  const char* separator = " ";
  for (const auto& line : lines) {
    out += separator + line;
    separator = ", ";
  }
  return out + '.';
}

placement place(const placement_state& cluster, const scheduling_pod& pod, std::uint64_t tie) {
  placement out;
  out.nodes = cluster.node_count();
  const pod_relations relations(cluster, pod);
  const std::vector<node_slot> nodes = feasible_nodes(cluster, pod, relations);
  if (nodes.empty()) {
    for (node_slot slot = 0; slot < cluster.columns().size(); ++slot)
      if (cluster.columns().alive[slot] != 0)
        for (auto& reason : refusals(cluster, pod, slot, relations)) ++out.reasons[std::move(reason)];
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
