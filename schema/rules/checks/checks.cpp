#include "schema/rules/checks/checks.hpp"

#include "schema/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
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

void check_counts(const field& object, std::initializer_list<std::string_view> names, field_errors& errors) {
  for (const std::string_view name : names) at_least(object.at(name), 0, errors);
}

namespace {

/// The number of a well-formed percentage; -1 for all else.
std::int64_t percent(const field& value) {
  if (!value.is_text() || !percentage(value.text()).empty() || value.text().size() > 10) return -1;
  return std::stoll(std::string(value.text()));
}

} // namespace

void check_count_or_percentage(const field& value, field_errors& errors) {
  if (value.is_text())
    check_format(value, percentage, errors);
  else
    at_least(value, 0, errors);
}

void check_at_most_all(const field& value, field_errors& errors) {
  if (percent(value) > 100) errors.invalid(value, value.value(), "must not be greater than 100%");
}

std::int64_t count_or_percentage(const field& value) {
  if (!value.is_text()) return value.integer();
  const std::int64_t share = percent(value);
  return share < 0 ? 0 : share;
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

void check_standard_finalizer(const field& place, std::string_view name, field_errors& errors) {
  if (name.find('/') != std::string_view::npos || name == "kubernetes" || name == "orphan" ||
      name == "foregroundDeletion")
    return;
  errors.invalid(place, name, "name is neither a standard finalizer name nor is it fully qualified");
}

void check_domain_name(const field& name, field_errors& errors) {
  if (!require(name, errors)) return;
  std::string_view text = name.text();
  if (text.ends_with('.')) text.remove_suffix(1);
  if (const complaints wrong = dns_subdomain(text); !wrong.empty()) {
    errors.invalid(name, text, fmt::format("{}", fmt::join(wrong, ",")));
    return;
  }
  if (text.find('.') == std::string_view::npos) {
    errors.invalid(name, text, "should be a domain with at least two segments separated by dots");
    return;
  }
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    if (const complaints wrong = dns_label(label); !wrong.empty()) {
      errors.invalid(name, label, fmt::format("{}", fmt::join(wrong, ",")));
      return;
    }
    rest.remove_prefix(std::min(label.size() + 1, rest.size()));
  }
}

void check_domain_path(const field& path, field_errors& errors) {
  if (!require(path, errors)) return;
  const std::string_view text = path.text();
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
    errors.invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
    return;
  }
  const std::string_view host = text.substr(0, slash);
  const std::string_view rest = text.substr(slash + 1);
  for (const std::string& wrong : dns_subdomain(host)) errors.invalid(path, host, wrong);
  constexpr std::string_view regex = R"([A-Za-z0-9/\-._~%!$&'()*+,;=:]+)";
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("/-._~%!$&'()*+,;=:").find(c) != std::string_view::npos;
  };
  if (!std::ranges::all_of(rest, allowed))
    errors.invalid(path, rest, regex_complaint("Invalid path", regex, {}));
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
