#include "schema/base/json.hpp"
#include "schema/cel/admission_names.hpp"
#include "schema/cel/patch_types.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/kinds/admission_parts.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/strategy_table.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace actord::schema::rules {

namespace {

bool has_wildcard(const field& list) {
  return std::ranges::any_of(list.value(), [](const json& item) { return item == "*"; });
}

void check_resources_of_rule(const field& resources, field_errors& errors) {
  if (resources.zero()) errors.required(resources);
  std::set<std::string_view> wildcard_parts;  // "pods" of "pods/*"
  std::set<std::string_view> wildcard_owners; // "status" of "*/status"
  bool everything = false;
  bool all = false;
  bool plain = false;
  for (const field resource : resources.items()) {
    const std::string_view text = resource.text();
    if (text.empty()) {
      errors.required(resource);
      continue;
    }
    everything = everything || text == "*/*";
    all = all || text == "*";
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
      plain = plain || text != "*";
      continue;
    }
    const std::string_view owner = text.substr(0, slash);
    const std::string_view part = text.substr(slash + 1);
    if (wildcard_parts.contains(owner))
      errors.invalid(resource, text, fmt::format("if '{}/*' is present, must not specify {}", owner, text));
    if (wildcard_owners.contains(part))
      errors.invalid(resource, text, fmt::format("if '*/{}' is present, must not specify {}", part, text));
    if (part == "*") wildcard_parts.insert(owner);
    if (owner == "*") wildcard_owners.insert(part);
  }
  if (resources.size() > 1 && everything)
    errors.invalid(resources, resources.value(), "if '*/*' is present, must not specify other resources");
  if (all && plain)
    errors.invalid(resources, resources.value(),
                   "if '*' is present, must not specify other resources without subresources");
}

void check_rule_with_operations(const field& rule, field_errors& errors) {
  const auto check_list = [&](std::string_view name, std::string_view others) {
    const field list = rule.at(name);
    if (list.zero()) errors.required(list);
    if (list.size() > 1 && has_wildcard(list))
      errors.invalid(list, list.value(), fmt::format("if '*' is present, must not specify other {}", others));
  };
  check_list("operations", "operations");
  for (const field operation : rule.at("operations").items())
    one_of(operation, {"*", "CONNECT", "CREATE", "DELETE", "UPDATE"}, errors);
  check_list("apiGroups", "API groups");
  check_list("apiVersions", "API versions");
  for (const field version : rule.at("apiVersions").items()) require(version, errors);
  check_resources_of_rule(rule.at("resources"), errors);
  if (const field scope = rule.at("scope"); scope.present())
    one_of(scope, {"*", "Cluster", "Namespaced"}, errors);
}

/// At least three labels.
void check_full_name(const field& name, field_errors& errors) {
  if (!require(name, errors)) return;
  const complaints wrong = dns_subdomain(name.text());
  if (!wrong.empty())
    errors.invalid(name, name.text(), fmt::format("{}", fmt::join(wrong, ",")));
  else if (std::ranges::count(name.text(), '.') < 2)
    errors.invalid(name, name.text(), "should be a domain with at least three segments separated by dots");
}

} // namespace

void check_webhook_client(const field& client, field_errors& errors) {
  const field url = client.at("url");
  const field service = client.at("service");
  if (url.present() == service.present())
    return errors.required(client, "exactly one of url or service is required");
  if (url.present()) return check_webhook_url(url, errors);
  require(service.at("name"), errors, "service name is required");
  require(service.at("namespace"), errors, "service namespace is required");
  const field port = service.at("port");
  if (port.integer() < 1 || port.integer() > 65535)
    errors.invalid(port, port.integer(), "port is not valid: must be between 1 and 65535, inclusive");
  const field path = service.at("path");
  const std::string_view text = path.text();
  if (!path.present() || text == "/") return;
  if (text.empty()) return errors.invalid(path, text, "must start with a '/'");
  if (!text.starts_with('/')) errors.invalid(path, text, "must start with a '/'");
  std::string_view rest = text.substr(text.starts_with('/') ? 1 : 0);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::size_t index = 0;
  for (;; ++index) {
    const std::string_view step = rest.substr(0, rest.find('/'));
    if (step.empty()) {
      errors.invalid(path, text, fmt::format("segment[{}] may not be empty", index));
      return;
    }
    for (const std::string& wrong : dns_subdomain(step))
      errors.invalid(path, text, fmt::format("segment[{}]: {}", index, wrong));
    if (step.size() == rest.size()) return;
    rest.remove_prefix(step.size() + 1);
  }
}

void check_webhook_url(const field& url, field_errors& errors) {
  constexpr std::string_view form = "; desired format: https://host[/path]";
  const std::string_view text = url.text();
  const std::size_t scheme_end = text.find("://");
  const std::string_view scheme =
      scheme_end == std::string_view::npos ? std::string_view{} : text.substr(0, scheme_end);
  if (scheme != "https")
    errors.invalid(url, scheme, fmt::format("'https' is the only allowed URL scheme{}", form));
  const std::string_view rest =
      scheme_end == std::string_view::npos ? std::string_view{} : text.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty()) errors.invalid(url, "", fmt::format("host must be specified{}", form));
  if (const std::size_t at = authority.find('@'); at != std::string_view::npos)
    errors.invalid(url, authority.substr(0, at), "user information is not permitted in the URL");
  if (const std::size_t hash = text.find('#'); hash != std::string_view::npos)
    errors.invalid(url, text.substr(hash + 1), "fragments are not permitted in the URL");
  if (const std::size_t query = text.find('?'); query != std::string_view::npos)
    errors.invalid(url, text.substr(query + 1), "query parameters are not permitted in the URL");
}

namespace {

using cel::type_kind;

/// Whether the expression compiles, and yields one of the kinds that are wanted (any, when there are none).
void check_expression(const field& expression, const cel::environment& names,
                      const std::vector<type_kind>& wanted, field_errors& errors,
                      cel::type_ref* yields = nullptr) {
  const std::string why = cel::admission_complaint(expression.text(), names, wanted, yields);
  if (!why.empty()) errors.invalid(expression, expression.text(), why);
}

bool blank(const field& text) {
  return text.text().find_first_not_of(" \t\n\v\f\r") == std::string_view::npos;
}

void check_match_conditions(const field& conditions, const cel::environment& declared, field_errors& errors) {
  constexpr std::size_t most = 64;
  if (conditions.size() > most) errors.too_many(conditions, conditions.size(), most);
  std::set<std::string_view> names;
  for (const field condition : conditions.items()) {
    const field expression = condition.at("expression");
    if (blank(expression))
      errors.required(expression);
    else
      check_expression(expression, declared, {type_kind::boolean}, errors);
    const field name = condition.at("name");
    check_required_format(name, label_key, errors);
    if (!name.zero() && !names.insert(name.text()).second) errors.duplicate(name, name.text());
  }
}

// Webhook configurations

void default_webhooks(json& object) {
  fill_constants(object, {{"webhooks[].failurePolicy", "\"Fail\""},
                          {"webhooks[].matchPolicy", "\"Equivalent\""},
                          {"webhooks[].namespaceSelector", "{}"},
                          {"webhooks[].objectSelector", "{}"},
                          {"webhooks[].timeoutSeconds", "10"},
                          {"webhooks[].clientConfig.service.port", "443"},
                          {"webhooks[].rules[].scope", "\"*\""}});
}

void default_mutating_webhooks(json& object) {
  default_webhooks(object);
  fill_constants(object, {{"webhooks[].reinvocationPolicy", "\"Never\""}});
}

void check_review_versions(const field& versions, field_errors& errors) {
  if (versions.zero()) return errors.required(versions, "must specify one of v1, v1beta1");
  std::set<std::string_view> seen;
  bool accepted = false;
  for (const field version : versions.items()) {
    if (!seen.insert(version.text()).second) {
      errors.invalid(version, version.text(), "duplicate version");
      continue;
    }
    check_format(version, dns_1035_label, errors);
    accepted = accepted || version.text() == "v1" || version.text() == "v1beta1";
  }
  if (!accepted) errors.invalid(versions, versions.value(), "must include at least one of v1, v1beta1");
}

void check_webhooks(const json& object, field_errors& errors, const rule_context& context) {
  std::set<std::string_view> names;
  for (const field hook : field(object).at("webhooks").items()) {
    const field name = hook.at("name");
    check_full_name(name, errors);
    for (const field rule : hook.at("rules").items()) check_rule_with_operations(rule, errors);
    if (const field policy = hook.at("failurePolicy"); policy.present())
      one_of(policy, {"Fail", "Ignore"}, errors);
    if (const field policy = hook.at("matchPolicy"); policy.present())
      one_of(policy, {"Equivalent", "Exact"}, errors);
    const field effects = hook.at("sideEffects");
    if (!effects.present())
      errors.required(effects, "must specify one of None, NoneOnDryRun");
    else
      one_of(effects, {"None", "NoneOnDryRun"}, errors);
    const field timeout = hook.at("timeoutSeconds");
    if (timeout.present() && (timeout.integer() < 1 || timeout.integer() > 30))
      errors.invalid(timeout, timeout.integer(), "the timeout value must be between 1 and 30 seconds");
    check_selector(hook.at("namespaceSelector"), errors);
    check_selector(hook.at("objectSelector"), errors);
    if (const field again = hook.at("reinvocationPolicy");
        again.present() && context.type.plural == "mutatingwebhookconfigurations")
      one_of(again, {"IfNeeded", "Never"}, errors);
    check_webhook_client(hook.at("clientConfig"), errors);
    if (const field conditions = hook.at("matchConditions"); conditions.size() > 0)
      check_match_conditions(conditions, cel::admission_environment({.in_policy = false}), errors);
    check_review_versions(hook.at("admissionReviewVersions"), errors);
    if (!name.zero() && !names.insert(name.text()).second) errors.duplicate(name, name.text());
  }
}

template <void (*Check)(const json& object, field_errors& errors, const rule_context& context)>
void check_update(const json& object, const json&, field_errors& errors, const rule_context& context) {
  check_after_metadata<Check>(object, errors, context);
}

// Policies and their bindings

void check_match_resources(const field& match, field_errors& errors) {
  if (!match.present()) return;
  const field policy = match.at("matchPolicy");
  if (!policy.present())
    errors.required(policy);
  else
    one_of(policy, {"Equivalent", "Exact"}, errors);
  for (const std::string_view name : {"namespaceSelector", "objectSelector"}) {
    const field selector = match.at(name);
    if (!selector.present())
      errors.required(selector);
    else
      check_selector(selector, errors);
  }
  for (const std::string_view list : {"resourceRules", "excludeResourceRules"})
    for (const field rule : match.at(list).items()) {
      std::set<std::string_view> names;
      for (const field name : rule.at("resourceNames").items()) {
        check_format(name, path_segment, errors);
        if (!names.insert(name.text()).second) errors.duplicate(name, name.text());
      }
      check_rule_with_operations(rule, errors);
    }
}

void default_match_resources(json& holder, const char* name) {
  json* match = member(holder, name);
  if (match == nullptr) return;
  fill_constants(*match, {{"matchPolicy", "\"Equivalent\""},
                          {"namespaceSelector", "{}"},
                          {"objectSelector", "{}"},
                          {"resourceRules[].scope", "\"*\""},
                          {"excludeResourceRules[].scope", "\"*\""}});
}

void default_policy(json& object) {
  json& spec = open_member(object, "spec");
  fill(spec, "failurePolicy", "Fail");
  default_match_resources(spec, "matchConstraints");
}

void default_binding(json& object) { default_match_resources(open_member(object, "spec"), "matchResources"); }

void check_param_kind(const field& kind, field_errors& errors) {
  if (!kind.present()) return;
  const field version = kind.at("apiVersion");
  const std::string_view text = version.text();
  const auto slashes = std::ranges::count(text, '/');
  if (text.empty())
    errors.required(version);
  else if (slashes > 1)
    errors.invalid(version, text, fmt::format("unexpected GroupVersion string: {}", text));
  else {
    const std::size_t slash = text.find('/');
    const std::string_view group = slashes == 1 ? text.substr(0, slash) : std::string_view{};
    const std::string_view number = slashes == 1 ? text.substr(slash + 1) : text;
    if (const complaints wrong = dns_subdomain(group); !group.empty() && !wrong.empty())
      errors.invalid(version, group, fmt::format("{}", fmt::join(wrong, ",")));
    if (number.empty() || text == "/")
      errors.invalid(version, text, "version must be specified");
    else if (const complaints wrong = dns_1035_label(number); !wrong.empty())
      errors.invalid(version, number, fmt::format("{}", fmt::join(wrong, ",")));
  }
  const field name = kind.at("kind");
  if (!require(name, errors)) return;
  std::string lowered(name.text());
  std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return std::tolower(c); });
  if (const complaints wrong = dns_1035_label(lowered); !wrong.empty())
    errors.invalid(name, name.text(),
                   fmt::format("may have mixed case, but should otherwise match: {}", fmt::join(wrong, ",")));
}

/// Each variable may use those before it; returns what they all are.
std::vector<cel::named_type> check_variables(const field& variables, bool has_params, field_errors& errors) {
  std::vector<cel::named_type> known;
  constexpr std::array<std::string_view, 21> reserved{
      "true",     "false",   "null",      "in",       "as",  "break",  "const",
      "continue", "else",    "for",       "function", "if",  "import", "let",
      "loop",     "package", "namespace", "return",   "var", "void",   "while"};
  for (const field variable : variables.items()) {
    const field name = variable.at("name");
    const field expression = variable.at("expression");
    if (blank(name))
      errors.required(name, "name is not specified");
    else if (!c_identifier(name.text()).empty() || std::ranges::find(reserved, name.text()) != reserved.end())
      errors.invalid(name, name.text(), "must be a valid CEL identifier");
    cel::type_ref yields = cel::simple(type_kind::dynamic);
    if (blank(expression))
      errors.required(expression, "expression is not specified");
    else
      check_expression(expression,
                       cel::admission_environment({.has_params = has_params, .variables = &known}), {},
                       errors, &yields);
    known.push_back({std::string(name.text()), yields});
  }
  return known;
}

void check_one_validation(const field& validation, const cel::environment& names, field_errors& errors) {
  const field expression = validation.at("expression");
  if (blank(expression))
    errors.required(expression, "expression is not specified");
  else
    check_expression(expression, names, {type_kind::boolean}, errors);
  const field computed = validation.at("messageExpression");
  if (!computed.zero() && blank(computed))
    errors.invalid(computed, computed.text(), "must be non-empty if specified");
  else if (!blank(computed))
    check_expression(computed, names, {type_kind::string}, errors);
  const field message = validation.at("message");
  const std::size_t last = message.text().find_last_not_of(" \t\n\v\f\r");
  const std::size_t first = message.text().find_first_not_of(" \t\n\v\f\r");
  if (!message.zero() && blank(message))
    errors.invalid(message, message.text(), "must be non-empty if specified");
  else if (!message.zero() &&
           message.text().substr(first, last - first + 1).find_first_of("\n\r") != std::string_view::npos)
    errors.invalid(message, message.text(), "must not contain line breaks");
  if (const field reason = validation.at("reason"); reason.present())
    one_of(reason, {"Forbidden", "Invalid", "RequestEntityTooLarge"}, errors);
}

void check_audit_annotations(const field& annotations, std::string_view policy, const cel::environment& names,
                             field_errors& errors) {
  constexpr std::size_t most = 20;
  std::set<std::string_view> keys;
  if (annotations.size() > most)
    errors.invalid(annotations, annotations.value(), "must not have more than 20 auditAnnotations");
  for (const field annotation : annotations.items()) {
    const field key = annotation.at("key");
    const std::string full = fmt::format("{}/{}", policy, key.text());
    if (policy.empty())
      errors.invalid(key, key.text(), "requires metadata.name be non-empty");
    else
      for (const std::string& wrong : label_key(full)) errors.invalid(key, full, wrong);
    const field expression = annotation.at("valueExpression");
    if (blank(expression))
      errors.required(expression, "valueExpression is not specified");
    else
      check_expression(expression, names, {type_kind::string, type_kind::null}, errors);
    if (!keys.insert(key.text()).second) errors.duplicate(key, key.text());
  }
}

void check_policy_start(const field& spec, field_errors& errors) {
  const field failure = spec.at("failurePolicy");
  if (!failure.present())
    errors.required(failure);
  else
    one_of(failure, {"Fail", "Ignore"}, errors);
  check_param_kind(spec.at("paramKind"), errors);
  const field match = spec.at("matchConstraints");
  if (!match.present())
    errors.required(match);
  else {
    check_match_resources(match, errors);
    require(match.at("resourceRules"), errors);
  }
}

void check_validating_policy(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  check_policy_start(spec, errors);
  const bool has_params = spec.contains("paramKind");
  check_match_conditions(spec.at("matchConditions"), cel::admission_environment({.has_params = has_params}),
                         errors);
  const auto variables = check_variables(spec.at("variables"), has_params, errors);
  const auto names = cel::admission_environment({.has_params = has_params, .variables = &variables});
  const field validations = spec.at("validations");
  const field annotations = spec.at("auditAnnotations");
  if (validations.zero() && annotations.zero()) {
    constexpr std::string_view needs = "validations or auditAnnotations must contain at least one item";
    errors.required(validations, needs);
    errors.required(annotations, needs);
  }
  for (const field validation : validations.items()) check_one_validation(validation, names, errors);
  check_audit_annotations(annotations, field(object).at("metadata").at("name").text(), names, errors);
}

void check_mutating_policy(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  check_policy_start(spec, errors);
  const field rules = spec.at("matchConstraints").at("resourceRules");
  for (const field rule : rules.items())
    for (const field operation : rule.at("operations").items())
      one_of(rules.named("operations").with(operation.value()), {"*", "CONNECT", "CREATE", "UPDATE"}, errors);
  const bool has_params = spec.contains("paramKind");
  check_match_conditions(spec.at("matchConditions"), cel::admission_environment({.has_params = has_params}),
                         errors);
  const auto variables = check_variables(spec.at("variables"), has_params, errors);
  const auto names = cel::admission_environment({.has_params = has_params, .variables = &variables})
                         .declare_structures(cel::patch_structure);
  const field mutations = spec.at("mutations");
  require(mutations, errors, "mutations must contain at least one item");
  for (const field mutation : mutations.items()) {
    const field type = mutation.at("patchType");
    if (!require_one_of(type, {"ApplyConfiguration", "JSONPatch"}, errors)) continue;
    const bool patch = type.text() == "JSONPatch";
    const field needed = mutation.at(patch ? "jsonPatch" : "applyConfiguration");
    const field refused = mutation.at(patch ? "applyConfiguration" : "jsonPatch");
    if (!needed.present())
      errors.required(needed, fmt::format("must be specified when patchType is {}", type.text()));
    else if (blank(needed.at("expression")))
      errors.required(needed.at("expression"));
    else
      check_expression(needed.at("expression"), names, {}, errors);
    if (refused.present())
      errors.invalid(refused, patch ? "{applyConfiguration}" : "{jsonPatch}",
                     fmt::format("must not be specified when patchType is {}", type.text()));
  }
  require_one_of(spec.at("reinvocationPolicy"), {"IfNeeded", "Never"}, errors);
}

void check_param_reference(const field& reference, field_errors& errors) {
  if (!reference.present()) return;
  const field name = reference.at("name");
  const field selector = reference.at("selector");
  constexpr std::string_view exclusive = "name and selector are mutually exclusive";
  if (!name.zero()) {
    check_format(name, path_segment, errors);
    if (selector.present()) errors.forbidden(name, exclusive);
  }
  if (selector.present()) {
    check_selector(selector, errors);
    if (!name.zero()) errors.forbidden(selector, exclusive);
  } else if (name.zero())
    errors.required(reference, "one of name or selector must be specified");
  require_one_of(reference.at("parameterNotFoundAction"), {"Deny", "Allow"}, errors);
}

void check_validating_binding(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  check_required_format(spec.at("policyName"), dns_subdomain, errors);
  check_param_reference(spec.at("paramRef"), errors);
  check_match_resources(spec.at("matchResources"), errors);
  const field actions = spec.at("validationActions");
  std::set<std::string_view> seen;
  for (const field action : actions.items()) {
    one_of(action, {"Audit", "Deny", "Warn"}, errors);
    if (!seen.insert(action.text()).second) errors.duplicate(action, action.text());
  }
  if (seen.contains("Deny") && seen.contains("Warn"))
    errors.invalid(
        actions, actions.value(),
        "must not contain both Deny and Warn (repeating the same validation failure information in the API "
        "response and headers serves no purpose)");
  require(actions, errors, "at least one validation action is required");
}

void check_mutating_binding(const json& object, field_errors& errors, const rule_context&) {
  const field spec = field(object).at("spec");
  check_required_format(spec.at("policyName"), dns_subdomain, errors);
  check_param_reference(spec.at("paramRef"), errors);
  const field match = spec.at("matchResources");
  check_match_resources(match, errors);
  const field rules = match.at("resourceRules");
  for (const field rule : rules.items())
    for (const field operation : rule.at("operations").items())
      one_of(rules.named("operations").with(operation.value()), {"*", "CONNECT", "CREATE", "UPDATE"}, errors);
}

} // namespace

constinit const kind_rules validating_webhook_rules{.set_defaults = default_webhooks,
                                                    .prepare_create = prepare_create_as_usual,
                                                    .prepare_update = prepare_update_as_usual,
                                                    .validate_create = check_after_metadata<check_webhooks>,
                                                    .validate_update = check_update<check_webhooks>};
constinit const kind_rules mutating_webhook_rules{.set_defaults = default_mutating_webhooks,
                                                  .prepare_create = prepare_create_as_usual,
                                                  .prepare_update = prepare_update_as_usual,
                                                  .validate_create = check_after_metadata<check_webhooks>,
                                                  .validate_update = check_update<check_webhooks>};
constinit const kind_rules validating_policy_rules{.set_defaults = default_policy,
                                                   .prepare_create = prepare_create_as_usual,
                                                   .prepare_update = prepare_update_as_usual,
                                                   .validate_create =
                                                       check_after_metadata<check_validating_policy>,
                                                   .validate_update = check_update<check_validating_policy>};
constinit const kind_rules mutating_policy_rules{.set_defaults = default_policy,
                                                 .prepare_create = prepare_create_as_usual,
                                                 .prepare_update = prepare_update_as_usual,
                                                 .validate_create =
                                                     check_after_metadata<check_mutating_policy>,
                                                 .validate_update = check_update<check_mutating_policy>};
constinit const kind_rules validating_binding_rules{
    .set_defaults = default_binding,
    .prepare_create = prepare_create_as_usual,
    .prepare_update = prepare_update_as_usual,
    .validate_create = check_after_metadata<check_validating_binding>,
    .validate_update = check_update<check_validating_binding>};
constinit const kind_rules mutating_binding_rules{.set_defaults = default_binding,
                                                  .prepare_create = prepare_create_as_usual,
                                                  .prepare_update = prepare_update_as_usual,
                                                  .validate_create =
                                                      check_after_metadata<check_mutating_binding>,
                                                  .validate_update = check_update<check_mutating_binding>};

} // namespace actord::schema::rules
