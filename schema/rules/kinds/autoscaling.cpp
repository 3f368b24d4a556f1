#include "schema/base/json.hpp"
#include "schema/rules/checks/amounts.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/strategy_table.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace actord::schema::rules {

namespace {

constexpr int usual_cpu_percent = 80;

void default_scaling(json& behavior, const char* direction, const json& usual) {
  json& rules = open_member(behavior, direction);
  for (const auto& [name, value] : usual.items()) fill(rules, name, value);
}

void default_autoscaler(json& object) {
  json& spec = open_member(object, "spec");
  fill(spec, "minReplicas", 1);
  const bool first_version = field(object).at("apiVersion").text() == "autoscaling/v1";
  if (first_version) {
    fill(spec, "targetCPUUtilizationPercentage", usual_cpu_percent);
    return;
  }
  if (field(spec).at("metrics").zero())
    spec["metrics"] = {
        {{"type", "Resource"},
         {"resource",
          {{"name", "cpu"},
           {"target", {{"type", "Utilization"}, {"averageUtilization", usual_cpu_percent}}}}}}};
  json* behavior = member(spec, "behavior");
  if (behavior == nullptr) return;
  const json by_percent = {{"type", "Percent"}, {"value", 100}, {"periodSeconds", 15}};
  const json by_pods = {{"type", "Pods"}, {"value", 4}, {"periodSeconds", 15}};
  default_scaling(
      *behavior, "scaleUp",
      {{"stabilizationWindowSeconds", 0}, {"selectPolicy", "Max"}, {"policies", {by_pods, by_percent}}});
  default_scaling(*behavior, "scaleDown", {{"selectPolicy", "Max"}, {"policies", json::array({by_percent})}});
}

void check_target_reference(const field& reference, bool needs_group, field_errors& errors) {
  check_required_format(reference.at("kind"), path_segment, errors);
  check_required_format(reference.at("name"), path_segment, errors);
  const field version = reference.at("apiVersion");
  if (std::ranges::count(version.text(), '/') > 1)
    errors.invalid(version, version.text(),
                   fmt::format("unexpected GroupVersion string: {}", version.text()));
  else if (needs_group && version.text().find('/') == std::string_view::npos)
    errors.invalid(version, version.text(), "apiVersion must specify API group");
}

void check_target(const field& target, field_errors& errors) {
  const field type = target.at("type");
  const std::string_view text = type.text();
  require(type, errors, "must specify a metric target type");
  if (text != "Utilization" && text != "Value" && text != "AverageValue")
    errors.invalid(type, text, "must be either Utilization, Value, or AverageValue");
  for (const std::string_view name : {"value", "averageValue"})
    if (const field amount = target.at(name); amount.present() && compare_amounts(amount.value(), 0) <= 0)
      errors.invalid(amount, amount.value(), "must be positive");
  const field share = target.at("averageUtilization");
  if (share.present() && share.integer() < 1) errors.invalid(share, share.value(), "must be greater than 0");
}

void check_identifier(const field& metric, field_errors& errors) {
  if (require(metric.at("name"), errors, "must specify a metric name"))
    check_format(metric.at("name"), path_segment, errors);
}

/// A share of what is requested, or an amount, but one of them.
void check_share_or_amount(const field& target, field_errors& errors) {
  const field share = target.at("averageUtilization");
  const field amount = target.at("averageValue");
  if (!share.present() && !amount.present())
    errors.required(share, "must set either a target raw value or a target utilization");
  if (share.present() && amount.present())
    errors.forbidden(amount, "may not set both a target raw value and a target utilization");
}

void check_source(std::string_view kind, const field& source, field_errors& errors) {
  const field target = source.at("target");
  const field value = target.at("value");
  const field average = target.at("averageValue");
  if (kind == "object") check_target_reference(source.at("describedObject"), false, errors);
  if (kind == "containerResource") {
    if (require(source.at("name"), errors, "must specify a resource name"))
      check_container_resource_name(source.at("name"), source.at("name").text(), errors);
    if (require(source.at("container"), errors, "must specify a container"))
      check_format(source.at("container"), dns_label, errors);
  } else if (kind == "resource")
    require(source.at("name"), errors, "must specify a resource name");
  else
    check_identifier(source.at("metric"), errors);
  check_target(target, errors);
  if (kind == "object" && !value.present() && !average.present())
    errors.required(average, "must set either a target value or averageValue");
  if (kind == "external") {
    if (!value.present() && !average.present())
      errors.required(average, "must set either a target value for metric or a per-pod target");
    if (value.present() && average.present())
      errors.forbidden(value, "may not set both a target value for metric and a per-pod target");
  }
  if (kind == "pods" && !average.present())
    errors.required(average, "must specify a positive target averageValue");
  if (kind == "resource" || kind == "containerResource") check_share_or_amount(target, errors);
}

void check_metric(const field& metric, field_errors& errors) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kinds{
      {{"object", "Object"},
       {"external", "External"},
       {"pods", "Pods"},
       {"resource", "Resource"},
       {"containerResource", "ContainerResource"}}};
  const field type = metric.at("type");
  const auto check_type = [&] {
    return one_of(type, {"ContainerResource", "External", "Object", "Pods", "Resource"}, errors);
  };
  require(type, errors, "must specify a metric source type");
  check_type();
  std::vector<std::string_view> given;
  for (const auto& [name, word] : kinds) {
    if (!metric.contains(name)) continue;
    given.push_back(name);
    if (given.size() == 1) check_source(name, metric.at(name), errors);
  }
  std::string_view expected;
  for (const auto& [name, word] : kinds)
    if (type.text() == word) expected = name;
  if (expected.empty())
    check_type();
  else if (!metric.contains(expected))
    errors.required(metric.at(expected), "must populate information for the given metric source");
  if (given.size() == 1) return;
  for (const std::string_view name : given)
    if (name != expected) errors.forbidden(metric.at(name), "must populate the given metric source only");
}

void check_scaling(const field& rules, field_errors& errors) {
  constexpr std::int64_t longest_window_s = 3600;
  constexpr std::int64_t longest_period_s = 1800;
  if (!rules.present()) return;
  const field window = rules.at("stabilizationWindowSeconds");
  if (window.present() && window.integer() < 0)
    errors.invalid(window, window.value(), "must be greater than or equal to zero");
  if (window.integer() > longest_window_s)
    errors.invalid(window, window.value(), fmt::format("must be less than or equal to {}", longest_window_s));
  if (const field choice = rules.at("selectPolicy"); choice.present())
    one_of(choice, {"Disabled", "Max", "Min"}, errors);
  require(rules.at("policies"), errors, "must specify at least one Policy");
  for (const field policy : rules.at("policies").items()) {
    one_of(policy.at("type"), {"Percent", "Pods"}, errors);
    const field period = policy.at("periodSeconds");
    for (const field& number : {policy.at("value"), period})
      if (number.integer() <= 0) errors.invalid(number, number.integer(), "must be greater than zero");
    if (period.integer() > longest_period_s)
      errors.invalid(period, period.value(),
                     fmt::format("must be less than or equal to {}", longest_period_s));
  }
  if (const field tolerance = rules.at("tolerance");
      tolerance.present() && negative_amount(tolerance.value()))
    errors.invalid(tolerance, tolerance.value(), "must be greater than or equal to 0");
}

void check_autoscaler(const json& object, field_errors& errors, const rule_context& context) {
  const field spec = field(object).at("spec");
  const field least = spec.at("minReplicas");
  const field most = spec.at("maxReplicas");
  if (least.present()) at_least(least, 1, errors);
  if (most.zero())
    errors.required(most, "must be set and greater than 0");
  else
    at_least(most, 1, errors);
  if (least.present() && most.integer() < least.integer())
    errors.invalid(most, most.integer(), "must be greater than or equal to `minReplicas`");
  check_target_reference(spec.at("scaleTargetRef"), true, errors);
  const field percent = spec.at("targetCPUUtilizationPercentage");
  if (context.type.version == "v1" && percent.present()) {
    // What the first version says of CPU is the first metric of the second.
    const field share =
        spec.named("metrics").item(0).named("resource").named("target").named("averageUtilization");
    if (percent.integer() < 1) errors.invalid(share, percent.value(), "must be greater than 0");
  }
  const field metrics = spec.at("metrics");
  for (const field metric : metrics.items()) check_metric(metric, errors);
  const auto wakes = [](const field& metric) {
    return metric.at("type").text() == "Object" || metric.at("type").text() == "External";
  };
  bool can_wake = false;
  for (const field metric : metrics.items()) can_wake = can_wake || wakes(metric);
  if (least.present() && least.integer() == 0 && !can_wake)
    errors.forbidden(metrics, "must specify at least one Object or External metric to support scaling to "
                              "zero replicas");
  const field behavior = spec.at("behavior");
  check_scaling(behavior.at("scaleUp"), errors);
  check_scaling(behavior.at("scaleDown"), errors);
}

void check_autoscaler_update(const json& object, const json& old, field_errors& errors,
                             const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status")
    return check_counts(field(object).at("status"), {"currentReplicas", "desiredReplicas"}, errors);
  check_autoscaler(object, errors, context);
}

} // namespace

constinit const kind_rules autoscaler_rules{.set_defaults = default_autoscaler,
                                            .prepare_create = prepare_create_as_usual,
                                            .prepare_update = prepare_update_as_usual,
                                            .validate_create = check_after_metadata<check_autoscaler>,
                                            .validate_update = check_autoscaler_update};

} // namespace actord::schema::rules
