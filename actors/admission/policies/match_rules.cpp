#include "actors/admission/policies/match_rules.hpp"

#include "schema/base/json.hpp"
#include "schema/base/json_member.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

std::vector<std::string> texts(const json& list) {
  std::vector<std::string> all;
  if (list.is_array())
    for (const json& one : list)
      if (one.is_string()) all.push_back(one.get<std::string>());
  return all;
}

std::vector<resource_rule> rules_of(const json& list) {
  std::vector<resource_rule> rules;
  if (!list.is_array()) return rules;
  for (const json& one : list)
    rules.push_back({texts(json_member(one, {"operations"})), texts(json_member(one, {"apiGroups"})),
                     texts(json_member(one, {"apiVersions"})), texts(json_member(one, {"resources"})),
                     texts(json_member(one, {"resourceNames"})), one.value("scope", "*")});
  return rules;
}

bool holds(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::any_of(list, [&](const std::string& one) { return one == "*" || one == wanted; });
}

bool names_resource(const resource_rule& rule, std::string_view plural, std::string_view part) {
  return std::ranges::any_of(rule.resources, [&](const std::string& one) {
    const std::size_t slash = one.find('/');
    const std::string_view owner = std::string_view(one).substr(0, slash);
    const std::string_view wanted =
        slash == std::string::npos ? std::string_view() : std::string_view(one).substr(slash + 1);
    if (owner != "*" && owner != plural) return false;
    return wanted == part || (wanted == "*" && slash != std::string::npos);
  });
}

bool has_version(const resource_rule& rule, const matched_write& write, bool equivalent) {
  if (holds(rule.versions, write.type.version)) return true;
  return equivalent && std::ranges::any_of(rule.versions, [&](const std::string& version) {
           return schema::find_resource(write.type.group, version, write.type.plural) != nullptr;
         });
}

bool fits(const resource_rule& rule, const matched_write& write, bool equivalent) {
  if (rule.scope == "Namespaced" && !write.type.namespaced) return false;
  if (rule.scope == "Cluster" && write.type.namespaced) return false;
  if (!holds(rule.operations, write.operation) || !holds(rule.groups, write.type.group)) return false;
  if (!names_resource(rule, write.type.plural, write.subresource)) return false;
  if (!rule.names.empty() && std::ranges::find(rule.names, write.name) == rule.names.end()) return false;
  return has_version(rule, write, equivalent);
}

schema::text_map labels_of_object(const json& object) {
  schema::text_map labels;
  if (const json& given = json_member(object, {"metadata", "labels"}); given.is_object())
    for (const auto& [key, value] : given.items())
      if (value.is_string()) labels.emplace(key, value.get<std::string>());
  return labels;
}

bool selects(const schema::selector_view& selector, const json* object) {
  return object != nullptr && selector.matches(labels_of_object(*object));
}

} // namespace

schema::selector_view label_selector_of(const json& given) {
  schema::selector_view selector{.present = true, .requirements = {}};
  if (const json& equal = json_member(given, {"matchLabels"}); equal.is_object())
    for (const auto& [key, value] : equal.items())
      selector.requirements.push_back({key,
                                       schema::selector_operator::in,
                                       {value.is_string() ? value.get<std::string>() : std::string()}});
  if (const json& terms = json_member(given, {"matchExpressions"}); terms.is_array())
    for (const json& term : terms) {
      schema::selector_requirement made{term.value("key", ""), schema::selector_operator::in,
                                        texts(json_member(term, {"values"}))};
      const std::string op = term.value("operator", "");
      if (op == "NotIn") made.op = schema::selector_operator::not_in;
      if (op == "Exists") made.op = schema::selector_operator::exists;
      if (op == "DoesNotExist") made.op = schema::selector_operator::does_not_exist;
      selector.requirements.push_back(std::move(made));
    }
  return selector;
}

match_rules match_rules_of(const json& given) {
  match_rules made;
  if (!given.is_object()) return made;
  made.given = true;
  made.equivalent = given.value("matchPolicy", "Equivalent") != "Exact";
  made.spaces = label_selector_of(json_member(given, {"namespaceSelector"}));
  made.objects = label_selector_of(json_member(given, {"objectSelector"}));
  made.rules = rules_of(json_member(given, {"resourceRules"}));
  made.excluded = rules_of(json_member(given, {"excludeResourceRules"}));
  return made;
}

bool match_rules::match(const matched_write& write) const {
  if (!given) return true;
  const auto fit = [&](const resource_rule& rule) { return fits(rule, write, equivalent); };
  if (std::ranges::any_of(excluded, fit)) return false;
  if (!rules.empty() && std::ranges::none_of(rules, fit)) return false;
  if (!objects.requirements.empty() && !selects(objects, write.object) && !selects(objects, write.old))
    return false;
  if (spaces.requirements.empty()) return true;
  const auto labels = write.space_labels();
  return !labels || spaces.matches(*labels);
}

} // namespace actord::actors
