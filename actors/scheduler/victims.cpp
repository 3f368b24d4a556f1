#include "actors/scheduler/victims.hpp"

#include <algorithm>
#include <map>

namespace actord::actors {

bool more_important(const scheduling_pod& left, const scheduling_pod& right) {
  if (left.priority != right.priority) return left.priority > right.priority;
  const wall_time never = wall_time::max();
  const wall_time left_start = left.started.value_or(never), right_start = right.started.value_or(never);
  return left_start != right_start ? left_start < right_start : left.uid < right.uid;
}

budget_split split_by_budgets(const pod_list& pods, const budget_book& budgets) {
  budget_split out;
  std::map<const schema::budget_view*, std::int64_t> left;
  for (const auto& pod : pods) {
    bool violates = false;
    budgets.protecting(*pod, [&](const schema::budget_view& budget) {
      if (budget.status.disrupted.count(pod->name) > 0) return;
      const auto allowed = left.try_emplace(&budget, budget.status.disruptions_allowed).first;
      violates = --allowed->second < 0 || violates;
    });
    (violates ? out.violating : out.others).push_back(pod);
  }
  return out;
}

std::variant<victims, node_refusals> choose_victims(const placement_state& cluster, const scheduling_pod& pod,
                                                    node_slot slot, pod_relations& relations,
                                                    const budget_book& budgets) {
  node_trial trial(cluster, pod, slot, relations);
  if (trial.remove_lower() == 0) return node_refusals::of(refusal::no_victims);
  if (node_refusals why = trial.refusals(); !why.empty()) return why;

  pod_list lower;
  for (const auto& other : cluster.detail(slot).pods)
    if (other->priority < pod.priority) lower.push_back(other);
  const auto by_importance = [](const auto& left, const auto& right) {
    return more_important(*left, *right);
  };
  std::sort(lower.begin(), lower.end(), by_importance);

  victims out;
  const auto reprieve = [&](const auto& other) {
    trial.put_back(*other);
    if (trial.refusals().empty()) return true;
    trial.remove(*other);
    out.pods.push_back(other);
    return false;
  };
  const budget_split split = split_by_budgets(lower, budgets);
  for (const auto& other : split.violating)
    if (!reprieve(other)) ++out.violations;
  for (const auto& other : split.others) reprieve(other);
  if (out.pods.empty()) return node_refusals::of(refusal::no_victims); // it fits as it is
  std::sort(out.pods.begin(), out.pods.end(), by_importance);
  return out;
}

} // namespace actord::actors
