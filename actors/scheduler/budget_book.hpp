#pragma once

#include "actors/scheduler/scheduling_pod.hpp"
#include "schema/view/budget_view.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

/// All PodDisruptionBudgets, found by the pods they protect. One that selects by an equality, as nearly all
/// do, is asked only about pods with that label.
class budget_book {
public:
  void put(const std::string& space, const std::string& name, schema::budget_view budget);
  void remove(std::string_view space, std::string_view name);

  /// `visit(const schema::budget_view&)` for each that protects the pod. One without a selector, or with an
  /// empty one, protects nobody here; nor is a pod without labels protected.
  template <class Visit>
  void protecting(const scheduling_pod& pod, Visit visit) const {
    const auto here = spaces_.find(pod.space);
    if (here == spaces_.end() || pod.labels.empty()) return;
    const auto ask = [&](const list& budgets) {
      for (const schema::budget_view* const budget : budgets)
        if (budget->selector.matches(pod.labels)) visit(*budget);
    };
    for (const auto& [key, value] : pod.labels)
      if (const auto by_key = here->second.by_label.find(key); by_key != here->second.by_label.end())
        if (const auto by_value = by_key->second.find(value); by_value != by_key->second.end())
          ask(by_value->second);
    ask(here->second.others);
  }

private:
  using list = std::vector<const schema::budget_view*>;

  struct space_budgets {
    std::map<std::string, schema::budget_view, std::less<>> by_name;
    /// Of the first requirement that wants one value: label, value, budgets.
    std::map<std::string, std::map<std::string, list, std::less<>>, std::less<>> by_label;
    list others; ///< that have no such requirement
  };

  static list* list_of(space_budgets& in, const schema::budget_view& budget);

  std::map<std::string, space_budgets, std::less<>> spaces_;
};

} // namespace actord::actors
