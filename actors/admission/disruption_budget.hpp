#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/json_fwd.hpp"
#include "schema/base/result.hpp"

#include <optional>
#include <string_view>

/// Whether a pod may be evicted, and what that takes from its PodDisruptionBudget.

namespace actord::actors {

/// A pod that runs nothing, or is going already, disrupts nobody by going.
bool evicts_freely(const json& pod);

/// Whether an eviction of `pod` is counted by `budget`: it selects the pod, and the pod's health counts.
bool budget_selects(const json& budget, const json& pod);
/// A pod that is not ready may go when enough others are, or when the budget says so.
bool spares_budget(const json& budget, const json& pod);

/// The budget with one disruption less, naming the pod as disrupted. An error is the answer to the client:
/// 429 with the cause DisruptionBudget when there is none left.
result<json> take_disruption(const json& budget, std::string_view pod, wall_time now);

/// Sets the condition DisruptionAllowed as the numbers of the status demand it; true when that changed it.
bool tell_disruption_allowed(json& budget, wall_time now);

/// Marks a pod as about to be disrupted by the eviction API.
void mark_disruption_target(json& pod, wall_time now);

} // namespace actord::actors
