#include "actors/webhooks/webhook_match.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

bool is_space(const schema::resource_type& type) { return type.group.empty() && type.plural == "namespaces"; }

bool any_rule_names(const webhook& hook, const reviewed_resource& request,
                    const schema::resource_type& version) {
  const ruled_request asked{request.operation, request.subresource, {}};
  return std::ranges::any_of(hook.rules,
                             [&](const admission_rule& rule) { return rule_names(rule, asked, version); });
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
