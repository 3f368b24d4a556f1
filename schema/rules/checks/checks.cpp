#include "schema/rules/checks/checks.hpp"

#include "schema/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace actord::schema::rules {

void check_format(const field& text, format_check format, field_errors& errors) {
  for (const std::string& wrong : format(text.text())) errors.invalid(text, text.text(), wrong);
}

void check_required_format(const field& text, format_check format, field_errors& errors) {
  if (require(text, errors)) check_format(text, format, errors);
}

bool require(const field& value, field_errors& errors, std::string_view detail) {
  if (!value.zero()) return true;
  errors.required(value, detail);
  return false;
}

bool one_of(const field& text, std::initializer_list<std::string_view> supported, field_errors& errors) {
  if (std::ranges::find(supported, text.text()) != supported.end()) return true;
  errors.not_supported(text, text.text(), supported);
  return false;
}

bool require_one_of(const field& text, std::initializer_list<std::string_view> supported,
                    field_errors& errors, std::string_view detail) {
  return require(text, errors, detail) && one_of(text, supported, errors);
}

bool at_least(const field& number, std::int64_t low, field_errors& errors) {
  if (number.integer() >= low) return true;
  errors.invalid(number, number.integer(), fmt::format("must be greater than or equal to {}", low));
  return false;
}

bool in_range(const field& number, std::int64_t low, std::int64_t high, field_errors& errors) {
  if (number.integer() >= low && number.integer() <= high) return true;
  errors.invalid(number, number.integer(), range_complaint(low, high));
  return false;
}

bool check_port(const field& number, field_errors& errors) { return in_range(number, 1, 65535, errors); }

bool same(const json& left, const json& right) {
  const auto none = [](const json& value) {
    return value.is_null() || (value.is_structured() && value.empty()) ||
           (value.is_string() && value.get_ref<const std::string&>().empty());
  };
  if (none(left) && none(right)) return true;
  if (left.is_object() && right.is_object()) {
    for (const auto& [key, value] : left.items()) {
      const auto other = right.find(key);
      if (!same(value, other == right.end() ? json() : *other)) return false;
    }
    return std::ranges::all_of(
        right.items(), [&](const auto& item) { return left.contains(item.key()) || none(item.value()); });
  }
  if (left.is_array() && right.is_array())
    return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(), same);
  return left == right;
}

bool check_immutable(const field& value, const field& old, field_errors& errors, std::string_view detail) {
  if (same(value.value(), old.value())) return true;
  errors.invalid(value, value.value(), detail);
  return false;
}

void check_labels(const field& labels, field_errors& errors) {
  if (!labels.value().is_object()) return;
  for (const auto& [key, value] : labels.value().items()) {
    for (const std::string& wrong : label_key(key)) errors.invalid(labels, key, wrong);
    const std::string text = value.is_string() ? value.get<std::string>() : std::string{};
    for (const std::string& wrong : label_value(text)) errors.invalid(labels, text, wrong);
  }
}

void check_selector(const field& selector, field_errors& errors, selector_options options) {
  check_labels(selector.at("matchLabels"), errors);
  for (const field expression : selector.at("matchExpressions").items()) {
    const field values = expression.at("values");
    const std::string_view operation = expression.at("operator").text();
    if (operation == "In" || operation == "NotIn") {
      if (values.zero()) errors.required(values, "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (operation == "Exists" || operation == "DoesNotExist") {
      if (!values.zero())
        errors.forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else if (!options.any_operator)
      errors.invalid(expression.at("operator"), operation, "not a valid selector operator");
    check_format(expression.at("key"), label_key, errors);
    if (options.any_value) continue;
    for (const field value : values.items()) check_format(value, label_value, errors);
  }
}

bool empty_selector(const field& selector) {
  return selector.at("matchLabels").zero() && selector.at("matchExpressions").zero();
}

void check_conditions(const field& conditions, field_errors& errors) {
  constexpr int reason_limit_bytes = 1024;
  constexpr int message_limit_bytes = 32 * 1024;
  std::set<std::string_view> seen;
  for (const field condition : conditions.items()) {
    const field type = condition.at("type");
    if (!seen.insert(type.text()).second) errors.duplicate(type, type.text());
    check_format(type, label_key, errors);
    one_of(condition.at("status"), {"False", "True", "Unknown"}, errors);
    const field generation = condition.at("observedGeneration");
    if (generation.integer() < 0)
      errors.invalid(generation, generation.integer(), "must be greater than or equal to zero");
    require(condition.at("lastTransitionTime"), errors);
    const field reason = condition.at("reason");
    check_required_format(reason, condition_reason, errors);
    if (reason.text().size() > reason_limit_bytes) errors.too_long(reason, reason_limit_bytes);
    if (condition.at("message").text().size() > message_limit_bytes)
      errors.too_long(condition.at("message"), message_limit_bytes);
  }
}

} // namespace actord::schema::rules
