#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"

#include <algorithm>

namespace actord::schema::rules {

bool usable_selector(const field& selector) {
  field_errors errors;
  check_selector(selector, errors);
  return errors.empty();
}

bool labels_match(const json& wanted, const field& labels) {
  return !wanted.is_object() || std::ranges::all_of(wanted.items(), [&](const auto& item) {
    const field label = labels.entry(item.key());
    return label.present() && label.value() == item.value();
  });
}

bool selector_matches(const field& selector, const field& labels) {
  if (!selector.present()) return false;
  if (!labels_match(selector.at("matchLabels").value(), labels)) return false;
  for (const field expression : selector.at("matchExpressions").items()) {
    const std::string_view operation = expression.at("operator").text();
    const field label = labels.entry(expression.at("key").text());
    const json& values = expression.at("values").value();
    const bool among = label.present() && std::ranges::find(values, label.value()) != values.end();
    if (operation == "In" && !among) return false;
    if (operation == "NotIn" && among) return false;
    if (operation == "Exists" && !label.present()) return false;
    if (operation == "DoesNotExist" && label.present()) return false;
  }
  return true;
}

} // namespace actord::schema::rules
