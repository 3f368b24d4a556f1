#include "actors/admission/resource_quota.hpp"

#include "schema/base/json.hpp"
#include "schema/rules/checks/field.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <vector>

namespace actord::actors {
namespace {

using schema::quantity;
using schema::rules::field;

quantity amount_of(const json& value) {
  if (value.is_null()) return {};
  const auto parsed = quantity::parse(value.is_string() ? value.get<std::string>() : value.dump());
  return parsed ? *parsed : quantity{};
}

bool value_matches(const std::string& value, std::string_view op, const field& values) {
  const bool listed =
      std::ranges::any_of(values.value().is_array() ? values.value() : json::array(), [&](const json& one) {
        return one.is_string() && one.get_ref<const std::string&>() == value;
      });
  if (op == "Exists") return !value.empty();
  if (op == "DoesNotExist") return value.empty();
  if (op == "In") return !value.empty() && listed;
  return value.empty() || !listed; // NotIn
}

bool scope_matches(std::string_view scope, std::string_view op, const field& values,
                   const counted_object& object) {
  if (object.is_claim && scope == "VolumeAttributesClass") {
    if (object.volume_classes.empty()) return value_matches({}, op, values);
    return std::ranges::any_of(object.volume_classes,
                               [&](const std::string& name) { return value_matches(name, op, values); });
  }
  if (!object.is_pod) return false;
  if (scope == "Terminating") return object.has_deadline;
  if (scope == "NotTerminating") return !object.has_deadline;
  if (scope == "BestEffort") return object.best_effort;
  if (scope == "NotBestEffort") return !object.best_effort;
  if (scope == "CrossNamespacePodAffinity") return object.crosses_namespaces;
  if (scope == "PriorityClass") return value_matches(object.priority_class, op, values);
  return false;
}

/// "must specify limits.cpu for: a,b; memory for: c", or nothing.
std::string unspecified(const counted_object& pod, const std::vector<std::string>& limited) {
  constexpr std::array<std::string_view, 6> must{"cpu",        "memory",          "requests.cpu",
                                                 "limits.cpu", "requests.memory", "limits.memory"};
  std::map<std::string, std::set<std::string>> missing;
  for (const auto& [container, names] : pod.containers)
    for (const std::string& name : limited)
      if (std::ranges::find(must, name) != must.end() && !names.contains(name))
        missing[name].insert(container);
  std::vector<std::string> parts;
  for (const auto& [name, containers] : missing)
    parts.push_back(fmt::format("{} for: {}", name, fmt::join(containers, ",")));
  return parts.empty() ? std::string() : fmt::format("must specify {}", fmt::join(parts, "; "));
}

std::string listed(const usage_map& amounts) {
  std::vector<std::string> parts;
  for (const auto& [name, amount] : amounts) parts.push_back(name + "=" + amount.text());
  return fmt::format("{}", fmt::join(parts, ","));
}

/// The names of status.hard that speak of the object's kind, in order.
std::vector<std::string> limited_names(const json& quota, const counted_kind& kind) {
  std::vector<std::string> names;
  const json& hard = field(quota).at("status").at("hard").value();
  if (!hard.is_object()) return names;
  for (const auto& [name, value] : hard.items())
    if (speaks_of(name, kind)) names.push_back(name);
  return names;
}

} // namespace

bool in_scope(const json& quota, const counted_object& object) {
  const json none;
  const field spec = field(quota).at("spec");
  for (const field scope : spec.at("scopes").items())
    if (!scope_matches(scope.text(), "Exists", field(none), object)) return false;
  for (const field rule : spec.at("scopeSelector").at("matchExpressions").items())
    if (!scope_matches(rule.at("scopeName").text(), rule.at("operator").text(), rule.at("values"), object))
      return false;
  return true;
}

quota_verdict charge_quota(const json& quota, const quota_demand& demand, wall_time at) {
  const std::vector<std::string> names = limited_names(quota, demand.kind);
  if (names.empty()) return {};
  const bool counted_before = demand.before && in_scope(quota, *demand.before);
  const bool counted_after = demand.after && in_scope(quota, *demand.after);
  const field status = field(quota).at("status");
  const field used = status.at("used");
  const std::string_view name = field(quota).at("metadata").at("name").text();

  if (demand.enforced && counted_after) {
    if (const std::string missing = unspecified(*demand.after, names); !missing.empty())
      return {.charged = {}, .refusal = fmt::format("failed quota: {}: {}", name, missing)};
    if (std::ranges::any_of(names, [&](const std::string& each) { return !used.contains(each); }))
      return {.charged = {},
              .refusal =
                  fmt::format("status unknown for quota: {}, resources: {}", name, fmt::join(names, ","))};
  }

  std::optional<json> charged;
  usage_map requested;
  usage_map taken;
  usage_map limited;
  for (const std::string& each : names) {
    quantity delta = counted_after ? amount_of(*demand.after, each, at) : quantity{};
    if (counted_before) delta -= amount_of(*demand.before, each, at);
    if (delta.is_zero()) continue;
    const quantity now = amount_of(used.entry(each).value());
    const quantity hard = amount_of(status.at("hard").entry(each).value());
    quantity sum = now + delta;
    if (demand.enforced && !delta.is_negative() && sum > hard) {
      requested[each] = delta;
      taken[each] = now;
      limited[each] = hard;
    }
    // Less than nothing would be an error of an earlier count, which the next one finds.
    if (sum.is_negative()) sum = quantity{};
    if (!charged) charged = quota;
    (*charged)["status"]["used"][each] = sum.text();
  }
  if (!requested.empty())
    return {.charged = {},
            .refusal = fmt::format("exceeded quota: {}, requested: {}, used: {}, limited: {}", name,
                                   listed(requested), listed(taken), listed(limited))};
  return {.charged = std::move(charged), .refusal = {}};
}

std::optional<json> correct_quota(const json& quota, const quota_count& count) {
  const field hard = field(quota).at("spec").at("hard");
  if (hard.value() != count.hard) return {};
  json corrected = quota;
  const json now = field(quota).at("status").at("used").value();
  json used = json::object();
  if (count.hard.is_object())
    for (const auto& [name, limit] : count.hard.items()) {
      quantity amount = amount_of(field(count.counted).entry(name).value());
      // What is not noted was not charged either.
      const bool was_noted = field(count.noted).contains(name);
      if (was_noted && now.is_object() && now.contains(name)) {
        amount += amount_of(now[name]);
        amount -= amount_of(count.noted[name]);
      }
      if (amount.is_negative()) amount = quantity{};
      used[name] = amount.text();
    }
  corrected["status"]["hard"] = count.hard;
  corrected["status"]["used"] = std::move(used);
  return corrected;
}

} // namespace actord::actors
