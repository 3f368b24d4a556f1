#include "actors/scheduler/budget_book.hpp"

#include <algorithm>

namespace actord::actors {

/// Where the budget is found; null when it protects nobody.
budget_book::list* budget_book::list_of(space_budgets& in, const schema::budget_view& budget) {
  const auto& requirements = budget.selector.requirements;
  if (requirements.empty()) return nullptr;
  const auto equality = std::find_if(requirements.begin(), requirements.end(), [](const auto& each) {
    return each.op == schema::selector_operator::in && each.values.size() == 1;
  });
  return equality == requirements.end() ? &in.others : &in.by_label[equality->key][equality->values.front()];
}

void budget_book::put(const std::string& space, const std::string& name, schema::budget_view budget) {
  remove(space, name);
  space_budgets& here = spaces_[space];
  const auto kept = here.by_name.insert_or_assign(name, std::move(budget)).first;
  if (list* const found = list_of(here, kept->second)) found->push_back(&kept->second);
}

void budget_book::remove(std::string_view space, std::string_view name) {
  const auto here = spaces_.find(space);
  if (here == spaces_.end()) return;
  const auto known = here->second.by_name.find(name);
  if (known == here->second.by_name.end()) return;
  if (list* const found = list_of(here->second, known->second)) std::erase(*found, &known->second);
  here->second.by_name.erase(known);
  if (here->second.by_name.empty()) spaces_.erase(here);
}

} // namespace actord::actors
