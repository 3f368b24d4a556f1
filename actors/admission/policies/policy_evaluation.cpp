#include "actors/admission/policies/policy_evaluation.hpp"

#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

namespace cel = schema::cel;
using slots = cel::admission_slots;

cel::value seen(const json* object) {
  return object == nullptr ? cel::value() : cel::value::from_json(*object);
}

cel::access_question about(const judged_write& write) {
  return {.user = {},
          .verb = {},
          .path = {},
          .group = std::string(write.what.type.group),
          .resource = std::string(write.what.type.plural),
          .subresource = std::string(write.what.subresource),
          .space = std::string(write.in_space),
          .name = std::string(write.what.name)};
}

} // namespace

/// Variables are worked out when they are first asked for.
class policy_evaluation::variables_view : public cel::lazy_members {
public:
  explicit variables_view(policy_evaluation& of) : of_(of) {}
  [[nodiscard]] std::optional<cel::value> member(std::string_view name) const override {
    return of_.variable(name);
  }

private:
  policy_evaluation& of_;
};

policy_evaluation::policy_evaluation(const compiled_policy& policy, const judged_write& write,
                                     const json* params)
    : policy_(policy), cached_(policy.variables.size()) {
  values_[slots::object] = seen(write.what.object);
  values_[slots::old_object] = seen(write.what.old);
  values_[slots::request] = cel::value::from_json(write.request, cel::admission_request_type().get());
  values_[slots::authorizer] = cel::authorizer_value(write.may);
  values_[slots::request_resource] = cel::resource_check_value(write.may, about(write));
  values_[slots::namespace_object] = seen(write.space);
  values_[slots::params] = seen(params);
  values_[slots::variables] =
      std::shared_ptr<const cel::lazy_members>(std::make_shared<const variables_view>(*this));
}

cel::value policy_evaluation::run(const compiled_expression& expression) {
  if (!expression.program) return cel::value::error(expression.complaint);
  cel::spending cost(cel::most_cost);
  cel::value found = expression.program->evaluate(values_, cost);
  if (!budget_.spend(cost.spent())) return cel::value::error(std::string(cel::over_budget));
  return found;
}

cel::value policy_evaluation::conditions_met() {
  for (const named_expression& condition : policy_.conditions) {
    cel::value met = run(condition.expression);
    if (met.failed()) return met;
    if (!met.is_true()) return false;
  }
  return true;
}

std::optional<cel::value> policy_evaluation::variable(std::string_view name) {
  const auto found = std::ranges::find(policy_.variables, name, &named_expression::name);
  if (found == policy_.variables.end()) return std::nullopt;
  auto& cached = cached_[static_cast<std::size_t>(found - policy_.variables.begin())];
  if (!cached) cached = run(found->expression);
  return cached;
}

} // namespace actord::actors
