#pragma once

#include "actors/admission/policies/policy_judge.hpp"
#include "schema/base/json.hpp"
#include "schema/cel/admission_names.hpp"

#include <array>
#include <optional>
#include <vector>

namespace actord::actors {

/// Most that all expressions of a policy may cost together in one evaluation, in steps.
inline constexpr std::uint64_t most_cost_of_policy = 10'000'000;

/// One policy with one set of parameters, at work on one write. What it is given must outlive it.
class policy_evaluation {
public:
  policy_evaluation(const compiled_policy& policy, const judged_write& write, const json* params);
  policy_evaluation(const policy_evaluation&) = delete;
  policy_evaluation& operator=(const policy_evaluation&) = delete;

  schema::cel::value run(const compiled_expression& expression);

  /// Whether all conditions are met; a failure when that cannot be said.
  schema::cel::value conditions_met();

private:
  class variables_view;
  std::optional<schema::cel::value> variable(std::string_view name);

  const compiled_policy& policy_;
  std::vector<std::optional<schema::cel::value>> cached_; ///< variables, once they are asked for
  std::array<schema::cel::value, schema::cel::admission_slots::count> values_;
  schema::cel::spending budget_{most_cost_of_policy};
};

inline constexpr std::string_view no_params =
    "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";

/// Calls `visit` with each parameter that the binding names, with null where the policy has none. False when
/// it names some and there are none.
template <class Visit>
bool with_params(const compiled_policy& policy, const policy_binding& binding, const judged_write& write,
                 const Visit& visit) {
  if (!policy.params || !binding.has_param_reference) return visit(nullptr), true;
  const std::vector<json> params = write.params(*policy.params, binding);
  for (const json& one : params) visit(&one);
  return !params.empty();
}

} // namespace actord::actors
