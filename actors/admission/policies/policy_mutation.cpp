#include "actors/admission/policies/policy_mutation.hpp"

#include "actors/admission/policies/policy_evaluation.hpp"
#include "schema/base/json.hpp"
#include "schema/patch/check_configuration.hpp"
#include "schema/patch/json_patch.hpp"
#include "schema/patch/structured_merge.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

namespace cel = schema::cel;

error failed(std::string why) {
  return {.kind = error_kind::invalid, .message = std::move(why), .causes = {}};
}

/// What an expression made, put into the object.
result<void> carry_out(const policy_mutation& mutation, const cel::value& made,
                       const schema::resource_type& type, json& object) {
  if (made.failed())
    return failed(
        fmt::format("expression '{}' resulted in error: {}", mutation.expression.written, made.message()));
  // What holds one part many times over would be written out as often.
  if (cel::cost_of_all(made, cel::most_cost) >= cel::most_cost) return failed(std::string(cel::over_budget));
  const auto change = cel::to_json(made);
  if (!change) return failed("the expression yields what is no JSON");
  if (mutation.is_patch) {
    if (!change->is_array()) return failed("a JSONPatch expression must yield a list of JSONPatch");
    return schema::apply_json_patch(object, *change);
  }
  if (!change->is_object()) return failed("an ApplyConfiguration expression must yield an Object");
  json applied = *change;
  // Whose it is and what it is called is not a mutation's business.
  applied["apiVersion"] = object["apiVersion"];
  applied["kind"] = object["kind"];
  if (std::string wrong = schema::check_configuration(*type.type, applied); !wrong.empty())
    return failed("ApplyConfiguration: " + wrong);
  object = schema::merge_objects(*type.type, object, applied);
  return {};
}

/// One policy with all its bindings; whether it changed anything.
result<bool> mutate(const bound_policy& bound, json& object,
                    const std::function<judged_write(const json&)>& write) {
  const compiled_policy& policy = bound.policy;
  const json before = object;
  for (const policy_binding& binding : bound.bindings) {
    const judged_write seen = write(object);
    if (!policy.match.match(seen.what) || !binding.match.match(seen.what)) continue;
    std::string why;
    const auto with = [&](const json* params) {
      for (const policy_mutation& mutation : policy.mutations) {
        if (!why.empty()) return;
        // Each mutation sees what those before it did.
        const json now = object;
        const judged_write current = write(now);
        policy_evaluation run(policy, current, params);
        const cel::value met = run.conditions_met();
        if (met.failed()) why = met.message();
        if (!met.is_true()) return;
        if (auto done = carry_out(mutation, run.run(mutation.expression), seen.what.type, object); !done) {
          why = done.error().message;
          object = now;
        }
      }
    };
    if (!with_params(policy, binding, seen, with) && binding.denies_without_params) why = no_params;
    if (!why.empty() && policy.fails_closed)
      return failed(fmt::format("MutatingAdmissionPolicy '{}' with binding '{}' denied request: {}",
                                policy.name, binding.name, why));
  }
  return object != before;
}

} // namespace

result<void> mutate_write(const policy_set& policies, json& object,
                          const std::function<judged_write(const json&)>& write) {
  bool changed_since = false;
  std::size_t last = 0;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    auto changed = mutate(policies[i], object, write);
    if (!changed) return changed.error();
    if (*changed) changed_since = true, last = i;
  }
  if (!changed_since) return {};
  for (std::size_t i = 0; i < last; ++i) {
    if (!policies[i].policy.again_if_changed) continue;
    if (auto changed = mutate(policies[i], object, write); !changed) return changed.error();
  }
  return {};
}

} // namespace actord::actors
