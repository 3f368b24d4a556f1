#include "actors/admission/pod_security/security_admission.hpp"

#include "actors/admission/plugin_refusal.hpp"
#include "schema/base/json.hpp"
#include "schema/rules/checks/field.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

namespace actord::actors {
namespace {

using schema::rules::field;

/// A namespace may hold more pods than a client waits for.
constexpr std::size_t checked_pods_max = 3000;

void warn(std::vector<std::string>* warnings, std::string text) {
  if (warnings != nullptr) warnings->push_back(std::move(text));
}

/// What a pod would break, in one line; empty when nothing.
std::string would_violate(const security_standard& standard, const json& pod) {
  const auto violations = security_violations(standard, pod);
  if (violations.empty()) return {};
  return fmt::format("would violate PodSecurity \"{}\": {}", standard.text(), with_details(violations));
}

void warn_unless_clean(const security_standard& standard, const json& pod,
                       std::vector<std::string>* warnings) {
  if (warnings == nullptr) return;
  if (std::string line = would_violate(standard, pod); !line.empty()) warn(warnings, std::move(line));
}

void note_unless_clean(const security_standard& standard, const json& pod, const security_listeners& told) {
  if (told.audit_notes == nullptr) return;
  const std::string annotation = "pod-security.kubernetes.io/audit-violations";
  told.audit_notes->erase(annotation); // an earlier attempt at the same write may have left one
  if (std::string line = would_violate(standard, pod); !line.empty())
    told.audit_notes->emplace(annotation, std::move(line));
}

schema::text_map labels_of_space(const json& space) {
  schema::text_map labels;
  const json& all = field(space).at("metadata").at("labels").value();
  if (all.is_object())
    for (const auto& [key, value] : all.items())
      if (value.is_string()) labels.emplace(key, value.get<std::string>());
  return labels;
}

bool other_images(const field& now, const field& before) {
  if (now.size() != before.size()) return true;
  for (std::size_t i = 0; i < now.size(); ++i)
    if (now.item(i).at("image").text() != before.item(i).at("image").text()) return true;
  return false;
}

/// Pods nobody controls and the first of each controller come first: of many alike one is enough to tell.
std::vector<const json*> by_importance(const std::vector<json>& pods) {
  std::vector<const json*> first;
  std::vector<const json*> alike;
  std::set<std::string> controllers;
  for (const json& pod : pods) {
    std::string controller;
    for (const field owner : field(pod).at("metadata").at("ownerReferences").items())
      if (owner.at("controller").truth()) controller = owner.at("uid").text();
    const bool seen = !controller.empty() && !controllers.insert(controller).second;
    (seen ? alike : first).push_back(&pod);
  }
  first.insert(first.end(), alike.begin(), alike.end());
  return first;
}

/// Pods with the same reasons, told as one line that names the first of them.
std::vector<std::string> told_by_reason(const std::vector<const json*>& pods,
                                        const security_standard& standard) {
  std::map<std::string, std::set<std::string>> pods_by_reason;
  for (const json* pod : pods)
    if (const auto violations = security_violations(standard, *pod); !violations.empty())
      pods_by_reason[reasons_only(violations)].emplace(field(*pod).at("metadata").at("name").text());
  std::vector<std::string> lines;
  for (const auto& [reason, names] : pods_by_reason) {
    std::string who = *names.begin();
    if (names.size() == 2) who += " (and 1 other pod)";
    if (names.size() > 2) who += fmt::format(" (and {} other pods)", names.size() - 1);
    lines.push_back(who + ": " + reason);
  }
  std::ranges::sort(lines);
  return lines;
}

void warn_of_existing(std::string_view space, const std::vector<json>& pods,
                      const security_standard& standard, std::vector<std::string>* warnings) {
  std::vector<const json*> order = by_importance(pods);
  if (order.size() > checked_pods_max) {
    order.resize(checked_pods_max);
    warn(warnings,
         fmt::format("new PodSecurity enforce level only checked against the first {} of {} existing pods",
                     checked_pods_max, pods.size()));
  }
  const std::vector<std::string> lines = told_by_reason(order, standard);
  if (lines.empty()) return;
  warn(warnings, fmt::format("existing pods in namespace \"{}\" violate the new PodSecurity enforce level "
                             "\"{}\"",
                             space, standard.text()));
  for (const std::string& line : lines) warn(warnings, line);
}

} // namespace

result<void> admit_pod_security(const json& pod, const schema::text_map& labels,
                                const security_listeners& told) {
  const security_policy policy = security_policy_of(labels, nullptr);
  if (told.audit_notes != nullptr)
    told.audit_notes->insert_or_assign("pod-security.kubernetes.io/enforce-policy", policy.enforce.text());
  if (policy.asks_nothing()) return {};
  note_unless_clean(policy.audit, pod, told);
  const auto violations = security_violations(policy.enforce, pod);
  if (!violations.empty())
    return forbidden(
        fmt::format("violates PodSecurity \"{}\": {}", policy.enforce.text(), with_details(violations)));
  if (policy.warn != policy.enforce) warn_unless_clean(policy.warn, pod, told.warnings);
  return {};
}

bool changes_pod_security(const json& pod, const json& old) {
  const field now = field(pod).at("spec");
  const field before = field(old).at("spec");
  for (const char* list : {"containers", "initContainers", "ephemeralContainers"})
    if (other_images(now.at(list), before.at(list))) return true;
  return false;
}

std::optional<json> pod_template_of(const schema::resource_type& type, const json& object) {
  constexpr std::array<std::string_view, 4> apps{"deployments", "replicasets", "statefulsets", "daemonsets"};
  const field whole(object);
  field found = whole.at("spec").at("template");
  if (type.group.empty() && type.plural == "podtemplates")
    found = whole.at("template");
  else if (type.group == "batch" && type.plural == "cronjobs")
    found = whole.at("spec").at("jobTemplate").at("spec").at("template");
  else if (!(type.group == "apps" && std::ranges::find(apps, type.plural) != apps.end()) &&
           !(type.group == "batch" && type.plural == "jobs") &&
           !(type.group.empty() && type.plural == "replicationcontrollers"))
    return {};
  if (!found.value().is_object()) return {};
  return found.value();
}

void warn_of_security(const json& pod_template, const schema::text_map& labels,
                      const security_listeners& told) {
  const security_policy policy = security_policy_of(labels, nullptr);
  warn_unless_clean(policy.warn, pod_template, told.warnings);
  note_unless_clean(policy.audit, pod_template, told);
}

result<void> admit_security_labels(const schema::resource_type& type, const json& space, const json* old,
                                   const std::function<std::vector<json>(std::string_view space)>& pods_of,
                                   std::vector<std::string>* warnings) {
  schema::field_errors errors;
  const std::string name(field(space).at("metadata").at("name").text());
  const security_policy now = security_policy_of(labels_of_space(space), &errors);
  schema::field_errors errors_before;
  const security_policy before =
      old == nullptr ? now : security_policy_of(labels_of_space(*old), &errors_before);
  const bool as_wrong_as_before = old != nullptr && errors.causes() == errors_before.causes();
  if (!errors.empty() && !as_wrong_as_before) return schema::invalid_object(type, name, errors);
  if (old == nullptr || now.enforce == before.enforce || now.enforce.level == security_level::privileged)
    return {};
  if (now.enforce.minor == before.enforce.minor && now.enforce.level <= before.enforce.level) return {};
  warn_of_existing(name, pods_of(name), now.enforce, warnings);
  return {};
}

} // namespace actord::actors
