#include "actors/controllers/access/role_aggregation.hpp"

#include "schema/base/json.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

json to_json(const schema::policy_rule& rule) {
  json out = {{"verbs", rule.verbs}};
  const auto add = [&](const char* key, const std::vector<std::string>& items) {
    if (!items.empty()) out[key] = items;
  };
  add("apiGroups", rule.groups);
  add("resources", rule.resources);
  add("resourceNames", rule.names);
  add("nonResourceURLs", rule.urls);
  return out;
}

} // namespace

plan reconcile_aggregation(const aggregation_view& view) {
  std::vector<schema::policy_rule> gathered;
  for (const schema::role_view& role : view.selected)
    for (const schema::policy_rule& rule : role.rules)
      if (std::ranges::find(gathered, rule) == gathered.end()) gathered.push_back(rule);
  plan out;
  out.verdict =
      std::to_string(gathered.size()) + " rules of " + std::to_string(view.selected.size()) + " roles";
  if (gathered == view.role.view.rules) return out;
  json rules = json::array();
  for (const schema::policy_rule& rule : gathered) rules.push_back(to_json(rule));
  out.patch.push_back({.key = view.key,
                       .subresource = {},
                       .uid = view.role.view.meta.uid,
                       .at = view.role.at,
                       .patch = {{"rules", std::move(rules)}},
                       .note = "the rules of the roles it gathers"});
  return out;
}

} // namespace actord::actors
