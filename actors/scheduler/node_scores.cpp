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

/// How raw numbers become 0..100.
enum class scale : std::uint8_t {
  by_most,          ///< the share of the highest
  by_most_reversed, ///< what is left to it: less is better
  by_range,         ///< the worst is 0 and the best 100
  crowding          ///< less is better: the emptiest is 100, one twice as full as that and fullest is 50
};

/// Adds weight * 0..100; nothing when all are alike.
void add_scaled(const std::vector<double>& raw, double weight, scale how, std::vector<double>& scores) {
  const auto [low, high] = std::minmax_element(raw.begin(), raw.end());
  if (low == raw.end() || *low == *high) return;
  const double least = *low, most = *high;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    double share = 0;
    switch (how) {
    case scale::by_most:
      share = raw[i] / most;
      break;
    case scale::by_most_reversed:
      share = 1 - raw[i] / most;
      break;
    case scale::by_range:
      share = (raw[i] - least) / (most - least);
      break;
    case scale::crowding:
      share = (most + least - raw[i]) / most;
      break;
    }
    scores[i] += weight * top * share;
  }
}

template <class Raw>
void add_score(const std::vector<node_slot>& nodes, double weight, scale how, std::vector<double>& scores,
               Raw raw_of) {
  std::vector<double> raw(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) raw[i] = static_cast<double>(raw_of(nodes[i]));
  add_scaled(raw, weight, how, scores);
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

/// Pods of one controller spread over nodes and zones by themselves.
void score_siblings(const placement_state& cluster, const scheduling_pod& pod,
                    const std::vector<node_slot>& nodes, std::vector<double>& scores) {
  const auto* const siblings = cluster.siblings(pod.controller_uid);
  if (siblings == nullptr) return;
  const std::vector<std::uint32_t>& zone_of = cluster.columns().zone;
  std::vector<double> in_zone(cluster.zone_limit(), 0.0);
  for (const auto& [slot, count] : *siblings) in_zone[zone_of[slot]] += static_cast<double>(count);
  std::vector<std::uint8_t> seen(cluster.zone_limit(), 0);
  for (const node_slot slot : nodes) seen[zone_of[slot]] = 1;
  const auto zones = static_cast<double>(std::count(seen.begin(), seen.end(), 1));
  const double node_weight = std::log(static_cast<double>(nodes.size()) + 2),
               zone_weight = std::log(zones + 2);
  // As if the pod asked for it: a skew of 3 over nodes and of 5 over zones.
  constexpr double node_skew = 3, zone_skew = 5;
  std::vector<double> raw(nodes.size(), node_skew - 1);
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (const std::uint32_t zone = zone_of[nodes[i]]; zone != 0)
      raw[i] += in_zone[zone] * zone_weight + zone_skew - 1;
  auto next = nodes.begin(); // `nodes` is sorted, and so are the siblings
  for (const auto& [slot, count] : *siblings) {
    next = std::lower_bound(next, nodes.end(), slot);
    if (next == nodes.end()) break;
    if (*next == slot)
      raw[static_cast<std::size_t>(next - nodes.begin())] += static_cast<double>(count) * node_weight;
  }
  add_scaled(raw, 2, scale::crowding, scores);
}

/// Soft constraints of the pod's own. A node that lacks a label of theirs is no better than the fullest.
void score_crowding(const placement_state& cluster, const pod_relations& relations,
                    const std::vector<node_slot>& nodes, std::vector<double>& scores) {
  std::vector<double> raw;
  std::vector<std::size_t> place;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (const auto crowd = relations.crowding(cluster.detail(nodes[i]))) {
      raw.push_back(*crowd);
      place.push_back(i);
    }
  if (raw.empty()) return;
  std::vector<double> made(raw.size(), 0.0);
  add_scaled(raw, 2, scale::crowding, made);
  const bool all_alike = std::all_of(made.begin(), made.end(), [](double each) { return each == 0; });
  for (std::size_t i = 0; i < made.size(); ++i) scores[place[i]] += all_alike ? 2 * top : made[i];
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
    add_score(nodes, 3, scale::by_most_reversed, scores,
              [&](node_slot slot) { return unwelcome_taints(pod, cluster.detail(slot)); });
  if (!pod.node_affinity.preferred.empty())
    add_score(nodes, 2, scale::by_most, scores,
              [&](node_slot slot) { return preferred_weight(pod, cluster.detail(slot)); });
  if (relations.prefers()) {
    add_score(nodes, 2, scale::by_range, scores,
              [&](node_slot slot) { return relations.preference(cluster.detail(slot)); });
    score_crowding(cluster, relations, nodes, scores);
  }
  if (pod.spread.empty()) score_siblings(cluster, pod, nodes, scores);
  score_images(cluster, pod, nodes, scores);
  return scores;
}

} // namespace actord::actors
