#include "actors/admission/admission_rules.hpp"

#include "schema/base/json.hpp"
#include "schema/base/json_member.hpp"
#include "schema/tables/custom_rows.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

using schema::selector_operator;

bool holds(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::any_of(list, [&](const std::string& one) { return one == "*" || one == wanted; });
}

bool names_resource(const admission_rule& rule, std::string_view plural, std::string_view subresource) {
  return std::ranges::any_of(rule.resources, [&](std::string_view one) {
    const std::size_t slash = std::min(one.find('/'), one.size());
    const std::string_view owner = one.substr(0, slash);
    const std::string_view part = slash == one.size() ? std::string_view() : one.substr(slash + 1);
    return (owner == "*" || owner == plural) && (part == "*" || part == subresource);
  });
}

bool names_scope(const admission_rule& rule, const schema::resource_type& type) {
  return rule.scope == "*" || rule.scope.empty() || type.namespaced == (rule.scope == "Namespaced");
}

selector_operator operator_of(std::string_view written) {
  if (written == "NotIn") return selector_operator::not_in;
  if (written == "Exists") return selector_operator::exists;
  if (written == "DoesNotExist") return selector_operator::does_not_exist;
  return selector_operator::in;
}

} // namespace

std::vector<admission_rule> read_admission_rules(const json& list) {
  std::vector<admission_rule> rules;
  if (!list.is_array()) return rules;
  for (const json& one : list)
    rules.push_back({text_members(one, "operations"), text_members(one, "apiGroups"),
                     text_members(one, "apiVersions"), text_members(one, "resources"),
                     text_members(one, "resourceNames"), text_member(one, "scope", "*")});
  return rules;
}

bool rule_names(const admission_rule& rule, const ruled_request& request,
                const schema::resource_type& version) {
  return names_scope(rule, version) && holds(rule.operations, request.operation) &&
         holds(rule.groups, version.group) && holds(rule.versions, version.version) &&
         names_resource(rule, version.plural, request.subresource) &&
         (rule.names.empty() || std::ranges::find(rule.names, request.name) != rule.names.end());
}

std::vector<schema::resource_handle> other_versions(const schema::resource_type& type) {
  std::vector<schema::resource_handle> others;
  if (type.custom == nullptr) {
    for (const schema::resource_type& row : schema::resource_table())
      if (row.stored_as == type.stored_as && row.id != type.id && row.type != nullptr)
        others.push_back(schema::builtin_handle(row));
    return others;
  }
  for (const schema::resource_handle& row : schema::custom_rows::current()->served())
    if (row->stored_as == type.stored_as && row->id != type.id) others.push_back(row);
  return others;
}

schema::selector_view read_admission_selector(const json& selector) {
  schema::selector_view read{.present = true, .requirements = {}};
  if (const json& equal = json_member(selector, {"matchLabels"}); equal.is_object())
    for (const auto& [key, value] : equal.items())
      read.requirements.push_back(
          {key, selector_operator::in, {value.is_string() ? value.get<std::string>() : std::string()}});
  if (const json& terms = json_member(selector, {"matchExpressions"}); terms.is_array())
    for (const json& term : terms)
      read.requirements.push_back({text_member(term, "key"), operator_of(text_member(term, "operator")),
                                   text_members(term, "values")});
  return read;
}

schema::text_map labels_in(const json& object) {
  schema::text_map labels;
  if (const json& given = json_member(object, {"metadata", "labels"}); given.is_object())
    for (const auto& [key, value] : given.items())
      if (value.is_string()) labels.emplace(key, value.get<std::string>());
  return labels;
}

bool selects(const schema::selector_view& selector, const json* object) {
  return object != nullptr && json_member(*object, {"metadata"}).is_object() &&
         selector.matches(labels_in(*object));
}

} // namespace actord::actors
