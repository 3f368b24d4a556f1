#include "actors/admission/policies/match_rules.hpp"

#include "schema/base/json.hpp"
#include "schema/base/json_member.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

bool any_names(const std::vector<admission_rule>& rules, const ruled_request& request,
               const schema::resource_type& version) {
  return std::ranges::any_of(rules,
                             [&](const admission_rule& rule) { return rule_names(rule, request, version); });
}

} // namespace

match_rules match_rules_of(const json& given) {
  match_rules made;
  if (!given.is_object()) return made;
  made.given = true;
  made.equivalent = given.value("matchPolicy", "Equivalent") != "Exact";
  made.spaces = read_admission_selector(json_member(given, {"namespaceSelector"}));
  made.objects = read_admission_selector(json_member(given, {"objectSelector"}));
  made.rules = read_admission_rules(json_member(given, {"resourceRules"}));
  made.excluded = read_admission_rules(json_member(given, {"excludeResourceRules"}));
  return made;
}

bool match_rules::named_by(const std::vector<admission_rule>& list, const matched_write& write) const {
  const ruled_request request{write.operation, write.subresource, write.name};
  if (any_names(list, request, write.type)) return true;
  if (!equivalent) return false;
  const auto others = other_versions(write.type);
  return std::ranges::any_of(
      others, [&](const schema::resource_handle& other) { return any_names(list, request, *other); });
}

bool match_rules::match(const matched_write& write) const {
  if (!given) return true;
  if (!excluded.empty() && named_by(excluded, write)) return false;
  if (!rules.empty() && !named_by(rules, write)) return false;
  if (!objects.requirements.empty() && !selects(objects, write.object) && !selects(objects, write.old))
    return false;
  if (spaces.requirements.empty()) return true;
  const auto labels = write.space_labels();
  return !labels || spaces.matches(*labels);
}

} // namespace actord::actors
