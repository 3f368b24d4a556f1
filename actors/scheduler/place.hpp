#pragma once

#include "actors/scheduler/placement_state.hpp"
#include "actors/scheduler/pod_relations.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Which node a pod goes to: a pure function of the picture of the cluster.
///
///   filters say where it may run ──▶ scores say where it runs best ──▶ a tie is broken by the number given
///
/// Filters, their order and their words follow the default profile of Kubernetes' scheduler, since people and
/// tools match on the messages.

namespace actord::actors {

struct placement {
  /// Set when the pod can be placed.
  std::optional<std::string> node;
  /// Else how many nodes were refused for which reason.
  std::map<std::string, std::size_t> reasons;
  std::string contradiction; ///< or why no node can ever fit, whatever the nodes are
  std::size_t nodes = 0;     ///< looked at
  /// Of those that refused, the slots where the end of other pods could help; sorted.
  std::vector<node_slot> resolvable;

  bool operator==(const placement&) const = default;
  /// "0/3 nodes are available: 1 Insufficient memory, 2 Insufficient cpu."
  [[nodiscard]] std::string message() const;
};

/// A node that is nominated to the pod is taken if it may be; else the best.
placement place(const placement_state& cluster, const scheduling_pod& pod, std::uint64_t tie,
                pod_relations& relations);
placement place(const placement_state& cluster, const scheduling_pod& pod, std::uint64_t tie);

} // namespace actord::actors
