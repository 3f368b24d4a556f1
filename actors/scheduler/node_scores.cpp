#include "actors/scheduler/node_scores.hpp"

#include <algorithm>
#include <cmath>

namespace actord::actors {

namespace {

constexpr double top = 100.0;

/// Least allocated: the mean of the free shares of cpu and memory. Balanced: how near the used shares are to
/// each other.
void score_resources(const node_columns& columns, const pod_request& request,
                     const std::vector<node_slot>& nodes, std::vector<double>& scores) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const node_slot slot = nodes[i];
    const auto used_share = [](std::int64_t used, std::int64_t wanted, std::int64_t there) {
      if (there <= 0) return 1.0;
      return std::min(1.0, static_cast<double>(used + wanted) / static_cast<double>(there));
    };
    const double cpu =
        used_share(columns.scored_milli_cpu[slot], request.scored_milli_cpu, columns.milli_cpu[slot]);
    const double memory = used_share(columns.scored_memory_bytes[slot], request.scored_memory_bytes,
                                     columns.memory_bytes[slot]);
    scores[i] += top * (1.0 - (cpu + memory) / 2.0) + top * (1.0 - std::abs(cpu - memory) / 2.0);
  }
}

/// Adds weight * 0..100 from raw numbers: the best raw number gets 100, the worst 0 (nothing when all are
/// alike).
void add_normalized(const std::vector<double>& raw, double weight, bool less_is_better,
                    std::vector<double>& scores) {
  const auto [least, most] = std::minmax_element(raw.begin(), raw.end());
  if (least == raw.end() || *least == *most) return;
  const double low = *least, range = *most - *least;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const double share = (raw[i] - low) / range;
    scores[i] += weight * top * (less_is_better ? 1.0 - share : share);
  }
}

template <class Raw>
void add_score(const std::vector<node_slot>& nodes, double weight, bool less_is_better,
               std::vector<double>& scores, Raw raw_of) {
  std::vector<double> raw(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) raw[i] = static_cast<double>(raw_of(nodes[i]));
  add_normalized(raw, weight, less_is_better, scores);
}

std::size_t unwelcome_taints(const scheduling_pod& pod, const node_detail& node) {
  return static_cast<std::size_t>(
      std::count_if(node.taints.begin(), node.taints.end(), [&](const auto& taint) {
        return taint.effect == schema::taint_effect::prefer_no_schedule &&
               std::none_of(pod.tolerations.begin(), pod.tolerations.end(),
                            [&](const auto& toleration) { return toleration.tolerates(taint); });
      }));
}

std::int64_t preferred_weight(const scheduling_pod& pod, const node_detail& node) {
  std::int64_t sum = 0;
  for (const auto& preferred : pod.node_affinity.preferred)
    if (schema::matches(preferred.term, node.labels, node.name)) sum += preferred.weight;
  return sum;
}

/// Pods of one controller spread over the nodes by themselves. Visits only the nodes that have some: `nodes`
/// is sorted.
void score_siblings(const placement_state& cluster, const scheduling_pod& pod,
                    const std::vector<node_slot>& nodes, std::vector<double>& scores) {
  const auto* const siblings = cluster.siblings(pod.controller_uid);
  if (siblings == nullptr) return;
  std::vector<double> raw(nodes.size(), 0.0);
  auto next = nodes.begin();
  for (const auto& [slot, count] : *siblings) {
    next = std::lower_bound(next, nodes.end(), slot);
    if (next == nodes.end()) break;
    if (*next == slot) raw[static_cast<std::size_t>(next - nodes.begin())] = static_cast<double>(count);
  }
  add_normalized(raw, 2, true, scores);
}

/// 0 below 23 MB of images that are there, 100 at 1 GB a container; an image few nodes have counts less, so
/// that one node is not flooded.
void score_images(const placement_state& cluster, const scheduling_pod& pod,
                  const std::vector<node_slot>& nodes, std::vector<double>& scores) {
  constexpr double least_bytes = 23.0 * 1024 * 1024, most_bytes_per_container = 1000.0 * 1024 * 1024;
  std::map<node_slot, double> bytes;
  for (const auto& image : pod.images)
    if (const auto* const holders = cluster.image_nodes(normalized_image(image))) {
      const double spread = static_cast<double>(holders->size()) / static_cast<double>(cluster.node_count());
      for (const auto& [slot, size] : *holders) bytes[slot] += static_cast<double>(size) * spread;
    }
  if (bytes.empty()) return;
  const double most = most_bytes_per_container * static_cast<double>(pod.images.size());
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (const auto found = bytes.find(nodes[i]); found != bytes.end())
      scores[i] += top * (std::clamp(found->second, least_bytes, most) - least_bytes) / (most - least_bytes);
}

} // namespace

std::vector<double> score_nodes(const placement_state& cluster, const scheduling_pod& pod,
                                const pod_relations& relations, const std::vector<node_slot>& nodes) {
  std::vector<double> scores(nodes.size(), 0.0);
  score_resources(cluster.columns(), pod.request, nodes, scores);
  if (cluster.any_soft_taints())
    add_score(nodes, 3, true, scores,
              [&](node_slot slot) { return unwelcome_taints(pod, cluster.detail(slot)); });
  if (!pod.node_affinity.preferred.empty())
    add_score(nodes, 2, false, scores,
              [&](node_slot slot) { return preferred_weight(pod, cluster.detail(slot)); });
  if (relations.prefers()) {
    add_score(nodes, 2, false, scores,
              [&](node_slot slot) { return relations.preference(cluster.detail(slot)); });
    add_score(nodes, 2, true, scores,
              [&](node_slot slot) { return relations.crowding(cluster.detail(slot)); });
  }
  if (pod.spread.empty()) score_siblings(cluster, pod, nodes, scores);
  score_images(cluster, pod, nodes, scores);
  return scores;
}

} // namespace actord::actors
