#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/pod/pod_validation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace actord::schema::rules {

namespace {

void check_values(const field& requirement, field_errors& errors) {
  for (const field value : requirement.at("values").items()) check_format(value, label_value, errors);
}

void check_node_requirement(const field& requirement, bool any_value, field_errors& errors) {
  const field values = requirement.at("values");
  const std::string_view operation = requirement.at("operator").text();
  if (operation == "In" || operation == "NotIn") {
    if (values.zero()) errors.required(values, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operation == "Exists" || operation == "DoesNotExist") {
    if (!values.zero())
      errors.forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (operation == "Gt" || operation == "Lt") {
    if (values.size() != 1)
      errors.required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else
    errors.invalid(requirement.at("operator"), operation, "not a valid selector operator");
  check_format(requirement.at("key"), label_key, errors);
  if (!any_value) check_values(requirement, errors);
}

void check_node_field(const field& requirement, field_errors& errors) {
  const field values = requirement.at("values");
  const std::string_view operation = requirement.at("operator").text();
  if (operation == "In" || operation == "NotIn") {
    if (values.size() != 1)
      errors.required(values,
                      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  } else
    errors.invalid(requirement.at("operator"), operation, "not a valid selector operator");
  const field key = requirement.at("key");
  if (key.text() != "metadata.name")
    errors.invalid(key, key.text(), "not a valid field selector key");
  else
    for (const field value : values.items()) check_format(value, dns_subdomain, errors);
}

void check_weight(const field& weight, field_errors& errors) {
  if (weight.integer() <= 0 || weight.integer() > 100)
    errors.invalid(weight, weight.integer(), "must be in the range 1-100");
}

void check_label_keys(const field& keys, const field& selector, field_errors& errors) {
  if (keys.zero()) return;
  if (!selector.present()) {
    errors.forbidden(keys, "must not be specified when labelSelector is not set");
    return;
  }
  for (const field key : keys.items()) check_format(key, label_key, errors);
}

/// matchLabelKeys and mismatchLabelKeys of a term with a labelSelector.
void check_match_label_keys(const field& term, field_errors& errors) {
  const field match = term.at("matchLabelKeys");
  const field mismatch = term.at("mismatchLabelKeys");
  const field selector = term.at("labelSelector");
  check_label_keys(match, selector, errors);
  check_label_keys(mismatch, selector, errors);
  const auto place = [&](std::string_view key) {
    std::size_t found = match.size();
    for (std::size_t index = 0; index < match.size(); ++index)
      if (match.item(index).text() == key) found = index;
    return found;
  };
  std::set<std::string> keys;
  const field labels = selector.at("matchLabels");
  if (labels.value().is_object())
    for (const auto& [key, value] : labels.value().items()) keys.insert(key);
  for (const field expression : selector.at("matchExpressions").items()) {
    const std::string key(expression.at("key").text());
    if (keys.contains(key) && place(key) < match.size())
      errors.invalid(term.item(place(key)), key, "exists in both matchLabelKeys and labelSelector");
    keys.insert(key);
  }
  for (const field key : match.items())
    for (const field other : mismatch.items())
      if (key.text() == other.text()) {
        errors.invalid(key, key.text(), "exists in both matchLabelKeys and mismatchLabelKeys");
        break;
      }
}

void check_pod_term(const field& term, field_errors& errors) {
  check_selector(term.at("labelSelector"), errors);
  check_selector(term.at("namespaceSelector"), errors);
  for (const field space : term.at("namespaces").items())
    for (const std::string& wrong : dns_label(space.text()))
      errors.invalid(term.named("namespace"), space.text(), wrong);
  check_match_label_keys(term, errors);
  const field key = term.at("topologyKey");
  require(key, errors, "can not be empty");
  check_format(key, label_key, errors);
}

void check_pod_terms(const field& affinity, field_errors& errors) {
  for (const field term : affinity.at("requiredDuringSchedulingIgnoredDuringExecution").items())
    check_pod_term(term, errors);
  for (const field term : affinity.at("preferredDuringSchedulingIgnoredDuringExecution").items()) {
    check_weight(term.at("weight"), errors);
    check_pod_term(term.at("podAffinityTerm"), errors);
  }
}

} // namespace

void check_node_selector_term(const field& term, bool any_value, field_errors& errors) {
  for (const field one : term.at("matchExpressions").items()) check_node_requirement(one, any_value, errors);
  for (const field one : term.at("matchFields").items()) check_node_field(one, errors);
}

void check_node_selector(const field& selector, field_errors& errors) {
  const field terms = selector.at("nodeSelectorTerms");
  if (terms.zero()) errors.required(terms, "must have at least one node selector term");
  for (const field term : terms.items()) check_node_selector_term(term, false, errors);
}

void check_affinity(const field& affinity, field_errors& errors) {
  const field node = affinity.at("nodeAffinity");
  if (const field needed = node.at("requiredDuringSchedulingIgnoredDuringExecution"); needed.present())
    check_node_selector(needed, errors);
  for (const field term : node.at("preferredDuringSchedulingIgnoredDuringExecution").items()) {
    check_weight(term.at("weight"), errors);
    check_node_selector_term(term.at("preference"), true, errors);
  }
  check_pod_terms(affinity.at("podAffinity"), errors);
  check_pod_terms(affinity.at("podAntiAffinity"), errors);
}

void check_spread_constraints(const field& constraints, field_errors& errors) {
  for (std::size_t index = 0; index < constraints.size(); ++index) {
    const field constraint = constraints.item(index);
    const field skew = constraint.at("maxSkew");
    const field key = constraint.at("topologyKey");
    const field action = constraint.at("whenUnsatisfiable");
    if (skew.integer() <= 0) errors.invalid(skew, skew.integer(), "must be greater than zero");
    require(key, errors, "can not be empty");
    one_of(action, {"DoNotSchedule", "ScheduleAnyway"}, errors);
    for (std::size_t other = index + 1; other < constraints.size(); ++other)
      if (constraints.item(other).at("topologyKey").text() == key.text() &&
          constraints.item(other).at("whenUnsatisfiable").text() == action.text()) {
        errors.duplicate(constraint.named("{topologyKey, whenUnsatisfiable}"),
                         fmt::format("{{{}, {}}}", key.text(), action.text()));
        break;
      }
    if (const field domains = constraint.at("minDomains"); domains.present()) {
      if (domains.integer() <= 0) errors.invalid(domains, domains.integer(), "must be greater than zero");
      if (action.text() != "DoNotSchedule")
        errors.invalid(
            domains, domains.value(),
            fmt::format("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", action.text()));
    }
    for (const std::string_view name : {"nodeAffinityPolicy", "nodeTaintsPolicy"})
      if (const field policy = constraint.at(name); policy.present())
        one_of(policy, {"Honor", "Ignore"}, errors);
    check_match_label_keys(constraint, errors);
    check_selector(constraint.at("labelSelector"), errors);
  }
}

void check_taint_effect(const field& effect, field_errors& errors) {
  one_of(effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"}, errors);
}

void check_tolerations(const field& tolerations, field_errors& errors) {
  for (const field toleration : tolerations.items()) {
    const field key = toleration.at("key");
    const field operation = toleration.at("operator");
    const field effect = toleration.at("effect");
    const std::string_view value = toleration.at("value").text();
    if (!key.zero())
      check_format(key, label_key, errors);
    else if (operation.text() != "Exists")
      errors.invalid(
          operation, operation.text(),
          "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
    if (toleration.contains("tolerationSeconds") && effect.text() != "NoExecute")
      errors.invalid(effect, effect.text(), "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (operation.zero() || operation.text() == "Equal") {
      const complaints wrong = label_value(value);
      if (!wrong.empty()) errors.invalid(operation, value, fmt::format("{}", fmt::join(wrong, ";")));
    } else if (operation.text() == "Exists") {
      if (!value.empty()) errors.invalid(operation, value, "value must be empty when `operator` is 'Exists'");
    } else if (operation.text() == "Lt" || operation.text() == "Gt")
      errors.not_supported(operation, operation.text(), {"Equal", "Exists", "Lt", "Gt"});
    else
      errors.not_supported(operation, operation.text(), {"Equal", "Exists"});
    if (!effect.zero()) check_taint_effect(effect, errors);
  }
}

} // namespace actord::schema::rules
