#pragma once

#include "actors/scheduler/budget_book.hpp"
#include "actors/scheduler/node_trial.hpp"
#include "actors/scheduler/scheduling_pod.hpp"

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

/// Who would have to leave a node so that a pod fits in.

namespace actord::actors {

using pod_list = std::vector<std::shared_ptr<const scheduling_pod>>;

/// The more important goes first: of the higher priority, then the one that runs longer. One that has not
/// started yet comes last.
bool more_important(const scheduling_pod& left, const scheduling_pod& right);

struct budget_split {
  pod_list violating; ///< their end asks more of a budget than it allows
  pod_list others;
};
/// Both in the order given; who comes first uses a budget first. An eviction that was granted already costs
/// nothing more.
budget_split split_by_budgets(const pod_list& pods, const budget_book& budgets);

struct victims {
  pod_list pods; ///< the most important first; never empty
  std::int64_t violations = 0;
};

/// All pods of a lower priority leave, then as many as possible come back while the pod still fits in: those
/// that budgets protect first, within each group the most important first. Else why nobody's end helps. The
/// node's standing filters must have passed. `relations` is left as it was.
std::variant<victims, node_refusals> choose_victims(const placement_state& cluster, const scheduling_pod& pod,
                                                    node_slot slot, pod_relations& relations,
                                                    const budget_book& budgets);

} // namespace actord::actors
