#include "actors/authorization/default_roles.hpp"

#include "actors/authorization/policy_rules.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

constexpr const char* autoupdate = "rbac.authorization.kubernetes.io/autoupdate";

json array_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : json::array();
}

/// Adds the members of `wanted` that `there` lacks; tells whether it did.
bool add_members(json& there, const json& wanted, const char* map) {
  const auto found = wanted.find(map);
  if (found == wanted.end()) return false;
  json& target = there[map];
  if (!target.is_object()) target = json::object();
  bool added = false;
  for (const auto& [key, value] : found->items()) added |= target.emplace(key, value).second;
  return added;
}

bool add_items(json& there, const json& wanted, const char* list) {
  json items = array_of(there, list);
  const std::size_t before = items.size();
  for (const json& item : array_of(wanted, list))
    if (std::ranges::find(items, item) == items.end()) items.push_back(item);
  if (items.size() == before) return false;
  there[list] = std::move(items);
  return true;
}

bool add_rules(json& there, const json& wanted) {
  const std::vector<policy_rule> held = schema::parse_role(there.dump()).rules;
  const std::vector<policy_rule> asked = schema::parse_role(wanted.dump()).rules;
  json rules = array_of(there, "rules");
  const json wanted_rules = array_of(wanted, "rules");
  const std::size_t before = rules.size();
  for (std::size_t i = 0; i < asked.size(); ++i)
    if (!rules_not_held(held, {asked[i]}).none()) rules.push_back(wanted_rules[i]);
  if (rules.size() == before) return false;
  there["rules"] = std::move(rules);
  return true;
}

/// The members of a binding's reference that say where it leads.
bool same_role(const json& left, const json& right) {
  return left.value("kind", "") == right.value("kind", "") &&
         left.value("name", "") == right.value("name", "");
}

/// A subject without the API group, which is implied by its kind.
bool has_subject(const json& subjects, const json& wanted) {
  return std::ranges::any_of(subjects, [&](const json& subject) {
    return subject.value("kind", "") == wanted.value("kind", "") &&
           subject.value("name", "") == wanted.value("name", "") &&
           subject.value("namespace", "") == wanted.value("namespace", "");
  });
}

bool add_subjects(json& there, const json& wanted) {
  json subjects = array_of(there, "subjects");
  const std::size_t before = subjects.size();
  for (const json& subject : array_of(wanted, "subjects"))
    if (!has_subject(subjects, subject)) subjects.push_back(subject);
  if (subjects.size() == before) return false;
  there["subjects"] = std::move(subjects);
  return true;
}

} // namespace

std::optional<default_change> reconcile_default(const json& wanted, const json& stored) {
  const json::json_pointer switched = json::json_pointer("/metadata/annotations") / autoupdate;
  if (stored.contains(switched) && stored.at(switched) == "false") return {};
  if (wanted.contains("roleRef") && !same_role(wanted.at("roleRef"), stored.at("roleRef")))
    return default_change{wanted, true};
  default_change change{stored, false};
  bool changed = add_members(change.object["metadata"], wanted.at("metadata"), "labels");
  changed |= add_members(change.object["metadata"], wanted.at("metadata"), "annotations");
  if (wanted.contains("roleRef")) {
    changed |= add_subjects(change.object, wanted);
  } else if (wanted.contains("aggregationRule")) {
    // Its rules are what the selected roles hold: the aggregation controller keeps them.
    json& rule = change.object["aggregationRule"];
    if (!rule.is_object()) rule = json::object();
    changed |= add_items(rule, wanted.at("aggregationRule"), "clusterRoleSelectors");
  } else {
    changed |= add_rules(change.object, wanted);
  }
  if (!changed) return {};
  return change;
}

} // namespace actord::actors
