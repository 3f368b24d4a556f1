#include "actors/webhooks/webhook_match.hpp"

#include "schema/tables/custom_rows.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

bool names(const std::vector<std::string>& list, std::string_view what) {
  return std::ranges::any_of(list, [&](const std::string& each) { return each == "*" || each == what; });
}

bool is_space(const schema::resource_type& type) { return type.group.empty() && type.plural == "namespaces"; }

bool names_resource(const webhook_rule& rule, std::string_view resource, std::string_view subresource) {
  return std::ranges::any_of(rule.resources, [&](std::string_view each) {
    const std::size_t slash = std::min(each.find('/'), each.size());
    const std::string_view owner = each.substr(0, slash);
    const std::string_view part = slash == each.size() ? std::string_view() : each.substr(slash + 1);
    return (owner == "*" || owner == resource) && (part == "*" || part == subresource);
  });
}

/// Namespaces count as what they hold nothing of: of the cluster.
bool names_scope(const webhook_rule& rule, const reviewed_resource& request) {
  if (rule.scope == "*" || rule.scope.empty()) return true;
  const bool in_a_space = !request.space.empty() && !is_space(*request.type);
  return in_a_space == (rule.scope == "Namespaced");
}

bool rule_names(const webhook_rule& rule, const reviewed_resource& request,
                const schema::resource_type& version) {
  return names_scope(rule, request) && names(rule.operations, request.operation) &&
         names(rule.groups, version.group) && names(rule.versions, version.version) &&
         names_resource(rule, version.plural, request.subresource);
}

bool any_rule_names(const webhook& hook, const reviewed_resource& request,
                    const schema::resource_type& version) {
  return std::ranges::any_of(hook.rules,
                             [&](const webhook_rule& rule) { return rule_names(rule, request, version); });
}

/// Objects without metadata have no labels and are selected by nothing but the selector that selects all.
bool selects(const schema::selector_view& selector, const json* object) {
  if (object == nullptr || !object->is_object()) return false;
  const auto metadata = object->find("metadata");
  if (metadata == object->end() || !metadata->is_object()) return false;
  schema::text_map labels;
  if (const auto found = metadata->find("labels"); found != metadata->end() && found->is_object())
    for (const auto& [key, value] : found->items())
      if (value.is_string()) labels[key] = value.get<std::string>();
  return selector.matches(labels);
}

selection select_space(const webhook& hook, const reviewed_resource& request, const selected_objects& what) {
  if (hook.space_selector.requirements.empty()) return selection::selected;
  if (is_space(*request.type) && request.operation != "DELETE" && what.object != nullptr)
    return selects(hook.space_selector, what.object) ? selection::selected : selection::passed_over;
  if (request.space.empty()) return selection::selected;
  const auto labels = what.space_labels();
  if (!labels) return selection::no_namespace;
  return hook.space_selector.matches(*labels) ? selection::selected : selection::passed_over;
}

} // namespace

bool is_beyond_webhooks(const schema::resource_type& type) {
  constexpr std::array<std::string_view, 6> kinds{
      "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
      "mutatingadmissionpolicies",     "mutatingadmissionpolicybindings",
      "validatingadmissionpolicies",   "validatingadmissionpolicybindings"};
  return type.group == "admissionregistration.k8s.io" && std::ranges::find(kinds, type.plural) != kinds.end();
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

std::vector<concerned_webhook> concerned_webhooks(const std::vector<std::shared_ptr<const webhook>>& hooks,
                                                  const reviewed_resource& request) {
  std::vector<concerned_webhook> concerned;
  std::optional<std::vector<schema::resource_handle>> others;
  for (const auto& hook : hooks) {
    if (any_rule_names(*hook, request, *request.type)) {
      concerned.push_back({hook, request.type});
      continue;
    }
    if (!hook->equivalent) continue;
    if (!others) others = other_versions(*request.type);
    const auto found = std::ranges::find_if(*others, [&](const schema::resource_handle& other) {
      return any_rule_names(*hook, request, *other);
    });
    if (found != others->end()) concerned.push_back({hook, *found});
  }
  return concerned;
}

selection select(const webhook& hook, const reviewed_resource& request, const selected_objects& what) {
  if (const selection space = select_space(hook, request, what); space != selection::selected) return space;
  if (hook.object_selector.requirements.empty()) return selection::selected;
  return selects(hook.object_selector, what.object) || selects(hook.object_selector, what.old)
             ? selection::selected
             : selection::passed_over;
}

} // namespace actord::actors
