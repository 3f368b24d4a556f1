#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace actord::schema::rules {

namespace {

// PodDisruptionBudget: the old API judged no metadata, and so it stays.

void check_budget(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  const field least = spec.at("minAvailable");
  const field most = spec.at("maxUnavailable");
  if (least.present() && most.present())
    errors.invalid(spec, as_structure("io.k8s.api.policy.v1.PodDisruptionBudgetSpec", spec.value()),
                   "minAvailable and maxUnavailable cannot be both set");
  for (const field& limit : {least, most}) {
    if (!limit.present()) continue;
    check_count_or_percentage(limit, errors);
    check_at_most_all(limit, errors);
  }
  check_selector(spec.at("selector"), errors);
  if (const field policy = spec.at("unhealthyPodEvictionPolicy"); policy.present())
    one_of(policy, {"AlwaysAllow", "IfHealthyBudget"}, errors);
}

void check_budget_update(const json& object, const json&, field_errors& errors, const rule_context& context) {
  if (context.subresource != "status") return check_budget(object, errors, context);
  const field status = field(object).at("status");
  check_conditions(status.at("conditions"), errors);
  check_counts(status, {"disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"}, errors);
}

// LimitRange

constexpr std::array<std::string_view, 5> limit_lists{"max", "min", "default", "defaultRequest",
                                                      "maxLimitRequestRatio"};

void default_limit_range(json& object) {
  json* limits = member_at(object, "spec.limits");
  if (limits == nullptr) return;
  for (json& limit : *limits) {
    if (field(limit).at("type").text() != "Container") continue;
    json& usual = open_member(limit, "default");
    json& usual_request = open_member(limit, "defaultRequest");
    if (const json* most = member(limit, "max"))
      for (const auto& [name, amount] : most->items()) fill(usual, name, amount);
    for (const auto& [name, amount] : usual.items()) fill(usual_request, name, amount);
    if (const json* least = member(limit, "min"))
      for (const auto& [name, amount] : least->items()) fill(usual_request, name, amount);
    for (const char* list : {"default", "defaultRequest"})
      if (limit[list].empty()) limit.erase(list);
  }
}

std::string shown(const field& amount) {
  return amount.is_text() ? std::string(amount.text()) : amount.value().dump();
}

void check_limit_order(const field& limit, const std::string& name, field_errors& errors) {
  const bool pod = limit.at("type").text() == "Pod";
  const json none;
  const auto list = [&](std::string_view which) {
    const field amount = limit.at(which).entry(name);
    return pod && which.starts_with("default") ? amount.with(none) : amount;
  };
  const field least = list("min");
  const field most = list("max");
  const field usual = list("default");
  const field request = list("defaultRequest");
  const field ratio = list("maxLimitRequestRatio");
  const auto above = [](const field& left, const field& right) {
    return left.present() && right.present() && compare_amounts(left.value(), right.value()) > 0;
  };
  const auto complain = [&](const field& place, const field& value, std::string_view text, const field& left,
                            const field& right) {
    errors.invalid(place, value.value(), fmt::format(fmt::runtime(text), shown(left), shown(right)));
  };
  if (above(least, most)) complain(least, least, "min value {} is greater than max value {}", least, most);
  if (above(least, request))
    complain(request, request, "min value {} is greater than default request value {}", least, request);
  if (above(request, most))
    complain(request, request, "default request value {} is greater than max value {}", request, most);
  if (above(request, usual))
    complain(request, request, "default request value {} is greater than default limit value {}", request,
             usual);
  if (above(least, usual))
    complain(usual, least, "min value {} is greater than default value {}", least, usual);
  if (above(usual, most)) complain(usual, most, "default value {} is greater than max value {}", usual, most);
  if (ratio.present() && compare_amounts(ratio.value(), 1) < 0)
    errors.invalid(ratio, ratio.value(), fmt::format("ratio {} is less than 1", shown(ratio)));
  if (ratio.present() && least.present() && most.present()) {
    const double highest =
        static_cast<double>(amount_milli(most.value())) / static_cast<double>(amount_milli(least.value()));
    if (static_cast<double>(amount_milli(ratio.value())) / 1000 > highest)
      errors.invalid(ratio, ratio.value(),
                     fmt::format("ratio {} is greater than max/min = {:f}", shown(ratio), highest));
  }
  if (!allows_overcommit(name) && usual.present() && request.present() &&
      compare_amounts(usual.value(), request.value()) != 0)
    errors.invalid(request, request.value(),
                   fmt::format("default value {} must equal to defaultRequest value {} in {}", shown(usual),
                               shown(request), name));
}

void check_limit(const field& limit, field_errors& errors) {
  const field type = limit.at("type");
  const std::string_view kind = type.text();
  const complaints wrong = label_key(kind);
  for (const std::string& one : wrong) errors.invalid(type, kind, one);
  if (wrong.empty() && kind.find('/') == std::string_view::npos && kind != "Pod" && kind != "Container" &&
      kind != "PersistentVolumeClaim")
    errors.invalid(type, kind, "must be a standard limit type or fully qualified");
  std::set<std::string> names;
  const auto look = [&](std::string_view which) {
    const field amounts = limit.at(which);
    if (!amounts.value().is_object()) return;
    for (const auto& [name, value] : amounts.value().items()) {
      if (kind == "Pod" || kind == "Container")
        check_container_resource_name(amounts.entry(name), name, errors);
      else
        check_resource_name(amounts.entry(name), name, errors);
      names.insert(name);
    }
  };
  look("max");
  look("min");
  for (const std::string_view which : {"default", "defaultRequest"}) {
    if (kind != "Pod")
      look(which);
    else if (!limit.at(which).zero())
      errors.forbidden(limit.at(which), "may not be specified when `type` is 'Pod'");
  }
  if (kind == "PersistentVolumeClaim" && !limit.at("min").contains("storage") &&
      !limit.at("max").contains("storage"))
    errors.required(limit.named("limits"),
                    "either minimum or maximum storage value is required, but neither was provided");
  look("maxLimitRequestRatio");
  for (const std::string& name : names) check_limit_order(limit, name, errors);
}

void check_limit_range(const json& object, field_errors& errors, const rule_context&) {
  std::set<std::string_view> kinds;
  for (const field limit : field(object).at("spec").at("limits").items()) {
    check_limit(limit, errors);
    const field type = limit.at("type");
    if (!kinds.insert(type.text()).second) errors.duplicate(type, type.text());
  }
}

void check_limit_range_update(const json& object, const json& old, field_errors& errors,
                              const rule_context& context) {
  check_update_after_metadata<check_limit_range>(object, old, errors, context);
  validate_metadata_create(object, errors, context);
}

// ResourceQuota

constexpr std::array<std::string_view, 7> quota_scopes{
    "BestEffort",  "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass",
    "Terminating", "VolumeAttributesClass"};

bool scope_fits(std::string_view scope, std::string_view resource) {
  const bool count = resource == "pods";
  const bool amount = resource == "cpu" || resource == "memory" || resource == "limits.cpu" ||
                      resource == "limits.memory" || resource == "requests.cpu" ||
                      resource == "requests.memory";
  if (scope == "BestEffort") return count;
  if (scope == "VolumeAttributesClass")
    return resource == "persistentvolumeclaims" || resource == "requests.storage";
  if (std::ranges::find(quota_scopes, scope) == quota_scopes.end()) return true;
  return count || amount;
}

void check_quota_amounts(const field& amounts, field_errors& errors) {
  if (!amounts.value().is_object()) return;
  for (const auto& [name, value] : amounts.value().items()) {
    check_quota_resource_name(amounts.entry(name), name, errors);
    check_amount(name, amounts.entry(name), errors);
  }
}

void check_scope(std::string_view scope, const field& hard, const field& place, const field& whole,
                 const json& shown_scope, field_errors& errors) {
  if (std::ranges::find(quota_scopes, scope) == quota_scopes.end())
    errors.invalid(place, shown_scope, "unsupported scope");
  if (!hard.value().is_object()) return;
  for (const auto& [name, value] : hard.value().items())
    if (quota_resource(name) && !scope_fits(scope, name))
      errors.invalid(whole, whole.value(), "unsupported scope applied to resource");
}

void check_scope_pairs(const std::set<std::string_view>& scopes, const field& place, const json& shown_scopes,
                       field_errors& errors) {
  const auto both = [&](std::string_view left, std::string_view right) {
    if (scopes.contains(left) && scopes.contains(right))
      errors.invalid(place, shown_scopes, "conflicting scopes");
  };
  both("BestEffort", "NotBestEffort");
  both("Terminating", "NotTerminating");
}

void check_scope_selector(const field& spec, field_errors& errors) {
  const field selector = spec.at("scopeSelector");
  if (!selector.present()) return;
  const field list = selector.at("matchExpressions");
  std::set<std::string_view> seen;
  for (const field one : list.items()) {
    // Errors name the list's members, not the item's.
    const auto at = [&](std::string_view name) { return list.named(name).with(one.at(name).value()); };
    const std::string_view scope = one.at("scopeName").text();
    const std::string_view operation = one.at("operator").text();
    check_scope(scope, spec.at("hard"), at("scopeName"), list.with(selector.value()), scope, errors);
    if (scope != "PriorityClass" && scope != "VolumeAttributesClass" &&
        std::ranges::find(quota_scopes, scope) != quota_scopes.end() && operation != "Exists")
      errors.invalid(at("operator"), operation,
                     "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
                     "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
                     "ResourceQuotaScopeNotBestEffort or "
                     "ResourceQuotaScopeCrossNamespacePodAffinity");
    const field values = at("values");
    if (operation == "In" || operation == "NotIn")
      require(values, errors,
              "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
    else if (operation == "Exists" || operation == "DoesNotExist") {
      if (!values.zero())
        errors.invalid(values, values.value(),
                       "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
    } else
      errors.invalid(at("operator"), operation, "not a valid selector operator");
    seen.insert(scope);
  }
  check_scope_pairs(seen, list, spec.at("scopes").value(), errors);
}

void check_quota_spec(const field& spec, field_errors& errors) {
  check_quota_amounts(spec.at("hard"), errors);
  const field scopes = spec.at("scopes");
  std::set<std::string_view> seen;
  for (const field scope : scopes.items()) {
    check_scope(scope.text(), spec.at("hard"), scopes, scopes, scopes.value(), errors);
    seen.insert(scope.text());
  }
  check_scope_pairs(seen, scopes, scopes.value(), errors);
  check_scope_selector(spec, errors);
}

void check_quota_status(const field& status, field_errors& errors) {
  check_quota_amounts(status.at("hard"), errors);
  check_quota_amounts(status.at("used"), errors);
}

void check_quota(const json& object, field_errors& errors, const rule_context&) {
  check_quota_spec(field(object).at("spec"), errors);
  check_quota_status(field(object).at("status"), errors);
}

void check_quota_update(const json& object, const json& old, field_errors& errors,
                        const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status") return check_quota_status(field(object).at("status"), errors);
  const field spec = field(object).at("spec");
  check_quota_spec(spec, errors);
  const auto sorted = [](const field& scopes) {
    std::set<std::string> names;
    for (const field scope : scopes.items()) names.insert(std::string(scope.text()));
    return names;
  };
  const field scopes = spec.at("scopes");
  if (sorted(scopes) != sorted(field(old).at("spec").at("scopes")))
    errors.invalid(scopes, scopes.value(), "field is immutable");
}

// PriorityClass

void default_priority_class(json& object) { fill(object, "preemptionPolicy", "PreemptLowerPriority"); }

void check_priority_class(const json& object, field_errors& errors, const rule_context&) {
  constexpr std::int64_t highest = 1'000'000'000;
  const field priority(object);
  const field name = priority.at("metadata").at("name");
  const std::int64_t value = priority.at("value").integer();
  if (name.text().starts_with("system-")) {
    const std::int64_t own = name.text() == "system-node-critical"      ? 2'000'001'000
                             : name.text() == "system-cluster-critical" ? 2'000'000'000
                                                                        : 0;
    std::string wrong;
    if (own == 0)
      wrong = fmt::format("{} is not a known system priority class", name.text());
    else if (value != own)
      wrong = fmt::format("value of {} PriorityClass must be {}", name.text(), own);
    else if (priority.at("globalDefault").truth())
      wrong = fmt::format("globalDefault of {} PriorityClass must be false", name.text());
    if (!wrong.empty())
      errors.forbidden(
          name,
          "priority class names with 'system-' prefix are reserved for system use only. error: " + wrong);
  } else if (value > highest)
    errors.forbidden(priority.at("value"),
                     fmt::format("maximum allowed value of a user defined priority is {}", highest));
  if (const field policy = priority.at("preemptionPolicy"); policy.present())
    require_one_of(policy, {"PreemptLowerPriority", "Never"}, errors);
}

void check_priority_class_update(const json& object, const json& old, field_errors& errors,
                                 const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (field(object).at("value").integer() != field(old).at("value").integer())
    errors.forbidden("value", "may not be changed in an update.");
  check_immutable(field(object).at("preemptionPolicy"), field(old).at("preemptionPolicy"), errors);
}

// RuntimeClass

void check_runtime_class(const json& object, field_errors& errors, const rule_context&) {
  const field runtime(object);
  check_required_format(runtime.at("handler"), dns_label, errors);
  if (const field overhead = runtime.at("overhead"); overhead.present()) {
    const json as_limits{{"limits", overhead.at("podFixed").value()}};
    const pod_scope nothing{runtime, nullptr, {}, {}};
    check_resources(overhead.with(as_limits), nothing, errors);
  }
  const field scheduling = runtime.at("scheduling");
  check_labels(scheduling.at("nodeSelector"), errors);
  const field tolerations = scheduling.at("tolerations");
  check_tolerations(tolerations, errors);
  std::set<std::array<std::string_view, 4>> seen;
  for (const field one : tolerations.items())
    if (!seen.insert({one.at("key").text(), one.at("operator").text(), one.at("value").text(),
                      one.at("effect").text()})
             .second)
      errors.duplicate(one, as_structure("io.k8s.api.core.v1.Toleration", one.value()));
}

void check_runtime_class_update(const json& object, const json& old, field_errors& errors,
                                const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  check_immutable(field(object).at("handler"), field(old).at("handler"), errors);
}

} // namespace

constinit const kind_rules disruption_budget_rules{.prepare_create = prepare_create_as_usual,
                                                   .prepare_update = prepare_update_as_usual,
                                                   .validate_create = check_budget,
                                                   .validate_update = check_budget_update};
constinit const kind_rules limit_range_rules{.set_defaults = default_limit_range,
                                             .prepare_create = prepare_create_as_usual,
                                             .prepare_update = prepare_update_as_usual,
                                             .validate_create = check_after_metadata<check_limit_range>,
                                             .validate_update = check_limit_range_update};
constinit const kind_rules resource_quota_rules{.prepare_create = prepare_create_as_usual,
                                                .prepare_update = prepare_update_as_usual,
                                                .validate_create = check_after_metadata<check_quota>,
                                                .validate_update = check_quota_update};
constinit const kind_rules priority_class_rules{.set_defaults = default_priority_class,
                                                .prepare_create = prepare_create_as_usual,
                                                .prepare_update = prepare_update_as_usual,
                                                .validate_create = check_after_metadata<check_priority_class>,
                                                .validate_update = check_priority_class_update};
constinit const kind_rules runtime_class_rules{.prepare_create = prepare_create_as_usual,
                                               .prepare_update = prepare_update_as_usual,
                                               .validate_create = check_after_metadata<check_runtime_class>,
                                               .validate_update = check_runtime_class_update};

} // namespace actord::schema::rules
