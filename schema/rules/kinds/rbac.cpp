#include "schema/base/json.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/strategy_table.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::schema::rules {

namespace {

constexpr const char* own_group = "rbac.authorization.k8s.io";

void check_rules(const json& object, bool namespaced, field_errors& errors) {
  for (const field rule : field(object).at("rules").items()) {
    require(rule.at("verbs"), errors, "verbs must contain at least one value");
    const field urls = rule.at("nonResourceURLs");
    if (!urls.zero()) {
      if (namespaced)
        errors.invalid(urls, urls.value(), "namespaced rules cannot apply to non-resource URLs");
      if (!rule.at("apiGroups").zero() || !rule.at("resources").zero() || !rule.at("resourceNames").zero())
        errors.invalid(urls, urls.value(),
                       "rules cannot apply to both regular resources and non-resource URLs");
      continue;
    }
    require(rule.at("apiGroups"), errors, "resource rules must supply at least one api group");
    require(rule.at("resources"), errors, "resource rules must supply at least one resource");
  }
}

void check_role(const json& object, field_errors& errors, const rule_context&) {
  check_rules(object, true, errors);
}

void check_cluster_role(const json& object, field_errors& errors, const rule_context&) {
  check_rules(object, false, errors);
  const field aggregation = field(object).at("aggregationRule");
  if (!aggregation.present()) return;
  const field selectors = aggregation.at("clusterRoleSelectors");
  require(selectors, errors, "at least one clusterRoleSelector required if aggregationRule is non-nil");
  for (const field selector : selectors.items()) {
    check_selector(selector, errors);
    if (!usable_selector(selector)) errors.invalid(selector, nullptr, "invalid label selector.");
  }
}

void default_binding(json& object) {
  if (json* role = member(object, "roleRef")) fill_zero(*role, "apiGroup", own_group);
  json* subjects = member(object, "subjects");
  if (subjects == nullptr) return;
  for (json& subject : *subjects) {
    const std::string_view kind = field(subject).at("kind").text();
    if (kind == "User" || kind == "Group") fill_zero(subject, "apiGroup", own_group);
  }
}

void check_subject(const field& subject, bool namespaced, field_errors& errors) {
  const field name = subject.at("name");
  const field group = subject.at("apiGroup");
  const std::string_view kind = subject.at("kind").text();
  require(name, errors);
  if (kind == "ServiceAccount") {
    if (!name.zero()) check_format(name, dns_subdomain, errors);
    if (!group.zero()) errors.not_supported(group, group.text(), {""});
    if (!namespaced) require(subject.at("namespace"), errors);
  } else if (kind == "User" || kind == "Group")
    one_of(group, {own_group}, errors);
  else
    errors.not_supported(subject.at("kind"), kind, {"ServiceAccount", "User", "Group"});
}

void check_role_binding(const json& object, field_errors& errors, const rule_context& context) {
  const field role = field(object).at("roleRef");
  const bool namespaced = context.type.namespaced;
  one_of(role.at("apiGroup"), {own_group}, errors);
  if (namespaced)
    one_of(role.at("kind"), {"Role", "ClusterRole"}, errors);
  else
    one_of(role.at("kind"), {"ClusterRole"}, errors);
  check_required_format(role.at("name"), path_segment, errors);
  for (const field subject : field(object).at("subjects").items()) check_subject(subject, namespaced, errors);
}

template <void (*Check)(const json& object, field_errors& errors, const rule_context& context)>
void check_update(const json& object, const json& old, field_errors& errors, const rule_context& context) {
  check_after_metadata<Check>(object, errors, context);
  validate_metadata_update(object, old, errors, context);
}

void check_role_binding_update(const json& object, const json& old, field_errors& errors,
                               const rule_context& context) {
  check_update<check_role_binding>(object, old, errors, context);
  check_immutable(field(object).at("roleRef"), field(old).at("roleRef"), errors, "cannot change roleRef");
}

} // namespace

constinit const kind_rules role_rules{.prepare_create = prepare_create_as_usual,
                                      .prepare_update = prepare_update_as_usual,
                                      .validate_create = check_after_metadata<check_role>,
                                      .validate_update = check_update<check_role>};
constinit const kind_rules cluster_role_rules{.prepare_create = prepare_create_as_usual,
                                              .prepare_update = prepare_update_as_usual,
                                              .validate_create = check_after_metadata<check_cluster_role>,
                                              .validate_update = check_update<check_cluster_role>};
constinit const kind_rules role_binding_rules{.set_defaults = default_binding,
                                              .prepare_create = prepare_create_as_usual,
                                              .prepare_update = prepare_update_as_usual,
                                              .validate_create = check_after_metadata<check_role_binding>,
                                              .validate_update = check_role_binding_update};

} // namespace actord::schema::rules
