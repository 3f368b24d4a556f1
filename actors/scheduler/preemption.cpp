#include "actors/scheduler/preemption.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace actord::actors {

namespace {

constexpr std::size_t least_candidates = 100;
constexpr std::size_t candidates_share = 10; ///< one of so many nodes

/// Smaller is better.
using cost = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::size_t, wall_time::duration>;

cost cost_of(const victims& chosen) {
  // Priorities may be negative: each victim has to make the sum higher.
  constexpr std::int64_t lift = std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1;
  const std::int64_t highest = chosen.pods.front()->priority;
  std::int64_t sum = 0;
  wall_time earliest = wall_time::max();
  for (const auto& pod : chosen.pods) {
    sum += pod->priority + lift;
    if (pod->priority == highest && pod->started) earliest = std::min(earliest, *pod->started);
  }
  return {chosen.violations, highest, sum, chosen.pods.size(), wall_time::max() - earliest};
}

} // namespace

bool room_is_being_made(const placement_state& cluster, const scheduling_pod& pod, node_slot slot) {
  const auto& pods = cluster.detail(slot).pods;
  return std::any_of(pods.begin(), pods.end(), [&](const auto& other) {
    return other->priority < pod.priority && other->being_deleted && other->preempted;
  });
}

preemption preempt(const placement_state& cluster, const scheduling_pod& pod, const placement& refused,
                   const budget_book& budgets, std::uint64_t start, pod_relations& relations) {
  preemption out;
  out.keeps_nomination = true;
  if (!pod.preempts) {
    out.reason = "not eligible due to preemptionPolicy=Never.";
    return out;
  }
  const auto& nodes = refused.resolvable;
  if (const auto slot = cluster.slot_of(cluster.nominated().node_of(pod.uid));
      slot && std::binary_search(nodes.begin(), nodes.end(), *slot) &&
      room_is_being_made(cluster, pod, *slot)) {
    out.reason = "not eligible due to a terminating pod on the nominated node.";
    return out;
  }
  out.keeps_nomination = false;

  refusal_tally tally;
  const std::size_t enough = std::max(nodes.size() / candidates_share, least_candidates);
  std::size_t candidates = 0;
  cost best;
  // Where all pods are alike, as in most clusters, there is nothing to look for.
  const std::size_t looked_at = cluster.any_below(pod.priority) ? nodes.size() : 0;
  tally.add(refusal::no_victims, nodes.size() - looked_at);
  for (std::size_t i = 0; i < looked_at; ++i) {
    const node_slot slot = nodes[(start % nodes.size() + i) % nodes.size()];
    auto outcome = choose_victims(cluster, pod, slot, relations, budgets);
    if (const auto* const why = std::get_if<node_refusals>(&outcome)) {
      tally.add(*why);
      continue;
    }
    auto& chosen = std::get<victims>(outcome);
    const cost price = cost_of(chosen);
    if (!out.node || price < best) {
      best = price;
      out.node = cluster.detail(slot).name;
      out.leave = std::move(chosen.pods);
    }
    // Not before one was found that violates no budget.
    if (++candidates >= enough && std::get<0>(best) == 0) break;
  }
  if (out.node) return out;
  if (const std::size_t others = refused.nodes - nodes.size(); others > 0)
    tally.add(refusal::no_help_here, others);
  out.reason = nodes_message(refused.nodes, tally.reasons(pod.request));
  return out;
}

} // namespace actord::actors
