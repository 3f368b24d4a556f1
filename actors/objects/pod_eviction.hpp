#pragma once

#include "actors/admission/disruption_budget.hpp"
#include "actors/objects/write_plan.hpp"

namespace actord::actors {

/// Adds to the transaction of an eviction what it takes from the pod's PodDisruptionBudget. An error when
/// the answer is known already: more than one budget selects the pod.
result<void> ask_disruption_budget(const write_environment& environment, const json& pod,
                                   const schema::write_cause& cause, write_plan& plan);

} // namespace actord::actors
