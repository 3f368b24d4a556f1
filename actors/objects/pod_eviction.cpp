#include "actors/objects/pod_eviction.hpp"

#include "schema/rules/checks/field.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

namespace actord::actors {
namespace {

using schema::rules::field;

error several_budgets() {
  return {.kind = error_kind::internal,
          .message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does "
                     "not support.",
          .causes = {},
          .subject = error_subject{}};
}

storage::object_change take_from(object_key key, const json& pod, const schema::write_cause& cause) {
  storage::object_change change{std::move(key), {}, {}};
  change.what = [pod, cause](const storage::object_head& head,
                             wall_time now) -> result<storage::resolved_change> {
    if (!head.exists()) return storage::resolved_change{storage::keep_value{}};
    const schema::resource_type& budgets = schema::builtin("policy", "poddisruptionbudgets");
    const auto view = schema::object_view::open(head.value);
    if (!view) return view.error();
    const json budget = view->to_json(budgets);
    if (!budget_selects(budget, pod) || spares_budget(budget, pod))
      return storage::resolved_change{storage::keep_value{}};
    auto taken = take_disruption(budget, field(pod).at("metadata").at("name").text(), now);
    if (!taken) return taken.error();
    return storage::resolved_change{storage::put_value{schema::encode_object(budgets, *taken, cause)}};
  };
  return change;
}

} // namespace

result<void> ask_disruption_budget(const write_environment& environment, const json& pod,
                                   const schema::write_cause& cause, write_plan& plan) {
  if (evicts_freely(pod)) return {};
  const schema::resource_type& budgets = schema::builtin("policy", "poddisruptionbudgets");
  std::vector<object_key> selecting;
  environment.store.read()->scan(budgets.stored_as, field(pod).at("metadata").at("namespace").text(),
                                 [&](std::string_view bytes) {
                                   const auto view = schema::object_view::open(bytes);
                                   if (view && budget_selects(view->to_json(budgets), pod))
                                     selecting.push_back(view->key());
                                   return true;
                                 });
  if (selecting.size() > 1) return several_budgets();
  for (object_key& key : selecting) {
    schema::write_cause why = cause;
    why.note = fmt::format("pod {} is evicted", field(pod).at("metadata").at("name").text());
    plan.transaction.changes.push_back(take_from(std::move(key), pod, why));
    plan.roles.push_back(change_role::guard);
  }
  return {};
}

} // namespace actord::actors
