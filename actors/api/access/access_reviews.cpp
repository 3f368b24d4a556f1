#include "actors/api/access/access_reviews.hpp"

#include "actors/api/selectors.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json part_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

bool is_absent(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null();
}

/// A selector of a question: one way to say it, and values where the operator takes some.
void check_selector(const json& attributes, const char* name, schema::field_errors& errors) {
  const auto selector = attributes.find(name);
  if (selector == attributes.end() || !selector->is_object()) return;
  const std::string path = std::string("spec.resourceAttributes.") + name;
  const std::string raw = text_of(*selector, "rawSelector");
  const json requirements =
      is_absent(*selector, "requirements") ? json::array() : (*selector)["requirements"];
  if (!raw.empty() && !requirements.empty())
    errors.invalid(path + ".rawSelector", raw, "may not specified at the same time as requirements");
  if (raw.empty() && requirements.empty())
    errors.required(path + ".requirements",
                    "when " + path + " is specified, requirements or rawSelector is required");
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    const json& requirement = requirements[i];
    const std::string operation = text_of(requirement, "operator");
    const bool has_values = !is_absent(requirement, "values") && !requirement["values"].empty();
    const std::string field = path + ".requirements[" + std::to_string(i) + "].values";
    if ((operation == "In" || operation == "NotIn") && !has_values)
      errors.required(field, "must be specified when `operator` is 'In' or 'NotIn'");
    if ((operation == "Exists" || operation == "DoesNotExist") && has_values)
      errors.forbidden(field, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  }
}

schema::printed_value shown_path(const json& spec) {
  return schema::rules::as_structure("io.k8s.api.authorization.v1.NonResourceAttributes",
                                     spec["nonResourceAttributes"]);
}

} // namespace

std::optional<error> check_access_review(const schema::resource_type& type, const json& review) {
  schema::field_errors errors;
  const json spec = part_of(review, "spec");
  const bool resource = !is_absent(spec, "resourceAttributes");
  const bool path = !is_absent(spec, "nonResourceAttributes");
  if (resource && path)
    errors.invalid("spec.nonResourceAttributes", shown_path(spec),
                   "cannot be specified in combination with resourceAttributes");
  if (!resource && !path)
    errors.invalid("spec.resourceAttributes", nullptr,
                   "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  if (resource) {
    check_selector(spec["resourceAttributes"], "fieldSelector", errors);
    check_selector(spec["resourceAttributes"], "labelSelector", errors);
  }
  const bool names_user = type.kind != "SelfSubjectAccessReview";
  if (names_user && text_of(spec, "user").empty() && (is_absent(spec, "groups") || spec["groups"].empty()))
    errors.invalid("spec.user", "", "at least one of user or group must be specified");
  const bool local = type.kind == "LocalSubjectAccessReview";
  json metadata = review.value("metadata", json::object());
  const json shown = metadata;
  metadata.erase("managedFields");
  if (local) metadata.erase("namespace");
  if (!metadata.empty())
    errors.invalid("metadata",
                   schema::rules::as_structure("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", shown),
                   local ? "must be empty except for namespace" : "must be empty");
  const std::string space = text_of(part_of(review, "metadata"), "namespace");
  // Who may ask about one namespace learns nothing about others.
  if (local && resource && text_of(spec["resourceAttributes"], "namespace") != space)
    errors.invalid("spec.resourceAttributes.namespace", text_of(spec["resourceAttributes"], "namespace"),
                   "must match metadata.namespace");
  if (path && local)
    errors.invalid("spec.nonResourceAttributes", shown_path(spec), "disallowed on this kind of request");
  if (errors.empty()) return {};
  std::string text;
  for (const error_cause& cause : errors.causes())
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  if (errors.causes().size() > 1) text = "[" + text + "]";
  return error{.kind = error_kind::invalid,
               .message = ".authorization.k8s.io \"\" is invalid: " + text,
               .causes = errors.causes(),
               .subject = error_subject{"authorization.k8s.io", {}, {}, {}}};
}

namespace {

/// Whether every term says a field, an operator and a value.
bool is_field_selector(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view term = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!term.empty() && term.find('=') == std::string_view::npos) return false;
  }
  return true;
}

/// The texts that a question of a review views.
struct asked_texts {
  explicit asked_texts(const json& spec) {
    const json attributes = part_of(spec, "resourceAttributes");
    const json path_part = part_of(spec, "nonResourceAttributes");
    about_path = attributes.empty() && !path_part.empty();
    verb = text_of(about_path ? path_part : attributes, "verb");
    path = text_of(path_part, "path");
    group = text_of(attributes, "group");
    resource = text_of(attributes, "resource");
    subresource = text_of(attributes, "subresource");
    space = text_of(attributes, "namespace");
    name = text_of(attributes, "name");
    read_field_selector(part_of(attributes, "fieldSelector"));
    read_label_selector(part_of(attributes, "labelSelector"));
  }

  [[nodiscard]] access_question question() const {
    if (about_path) return {.verb = verb, .path = path};
    return {.verb = verb,
            .group = group,
            .resource = resource,
            .subresource = subresource,
            .space = space,
            .name = name,
            .field_selector = field_selector};
  }

  bool about_path = false;
  std::string verb, group, resource, subresource, space, name, path;
  std::string field_selector;              ///< what could be understood of it
  std::vector<std::string> not_understood; ///< parts of the question that were left out

private:
  void left_out(const char* which, bool partially) {
    not_understood.push_back(fmt::format("spec.resourceAttributes.{} {}ignored due to parse error", which,
                                         partially ? "partially " : ""));
  }

  /// A requirement that cannot be said as a field selector is left out: the question is then a broader one.
  void read_field_selector(const json& selector) {
    const std::string raw = text_of(selector, "rawSelector");
    if (!raw.empty()) {
      if (is_field_selector(raw))
        field_selector = raw;
      else
        left_out("fieldSelector", false);
    }
    const auto requirements = selector.find("requirements");
    if (requirements == selector.end() || !requirements->is_array()) return;
    bool all = true;
    for (const json& requirement : *requirements) {
      const std::string operation = text_of(requirement, "operator");
      const auto values = requirement.find("values");
      const bool one = values != requirement.end() && values->is_array() && values->size() == 1;
      if (!one || (operation != "In" && operation != "NotIn")) {
        all = false;
        continue;
      }
      field_selector +=
          fmt::format("{}{}{}{}", field_selector.empty() ? "" : ",", text_of(requirement, "key"),
                      operation == "In" ? "=" : "!=", values->front().get<std::string>());
    }
    if (!all) left_out("fieldSelector", !field_selector.empty());
  }

  /// No authorizer here looks at labels; a client still learns of a selector nobody could read.
  void read_label_selector(const json& selector) {
    const std::string raw = text_of(selector, "rawSelector");
    if (!raw.empty() && !parse_label_selector(raw)) left_out("labelSelector", false);
    const auto requirements = selector.find("requirements");
    if (requirements == selector.end() || !requirements->is_array()) return;
    const auto known = [](const json& requirement) {
      const std::string operation = text_of(requirement, "operator");
      return operation == "In" || operation == "NotIn" || operation == "Exists" ||
             operation == "DoesNotExist";
    };
    const auto count = std::ranges::count_if(*requirements, known);
    if (static_cast<std::size_t>(count) < requirements->size()) left_out("labelSelector", count > 0);
  }
};

caller_identity named_caller(const json& spec) {
  caller_identity caller{
      .user = text_of(spec, "user"), .uid = text_of(spec, "uid"), .groups = {}, .extra = {}};
  if (const auto groups = spec.find("groups"); groups != spec.end() && groups->is_array())
    for (const json& group : *groups) caller.groups.push_back(group.get<std::string>());
  const json extra = part_of(spec, "extra");
  for (const auto& [key, values] : extra.items())
    if (values.is_array()) caller.extra[key] = values.get<std::vector<std::string>>();
  return caller;
}

std::string joined(const std::vector<std::string>& texts, std::string_view between) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? std::string() : std::string(between)) + text;
  return out;
}

json rule_of(const policy_rule& rule) {
  json out = {{"verbs", rule.verbs}, {"apiGroups", rule.groups}, {"resources", rule.resources}};
  if (!rule.names.empty()) out["resourceNames"] = rule.names;
  return out;
}

} // namespace

json access_review_status(const authorizer& authorization, const schema::resource_type& type,
                          const caller_identity& caller, const json& spec) {
  const asked_texts asked(spec);
  const caller_identity subject = type.kind == "SelfSubjectAccessReview" ? caller : named_caller(spec);
  access_verdict verdict = authorization.judge(subject, asked.question());
  json status = {{"allowed", verdict.allowed}};
  if (!verdict.reason.empty()) status["reason"] = std::move(verdict.reason);
  if (!asked.not_understood.empty()) status["evaluationError"] = joined(asked.not_understood, "; ");
  return status;
}

result<json> rules_review_status(const authorizer& authorization, const caller_identity& caller,
                                 const json& spec) {
  const std::string space = text_of(spec, "namespace");
  if (space.empty()) return bad_request("no namespace on request");
  const held_rules held = authorization.rules_of(caller, space);
  json resources = json::array();
  json paths = json::array();
  for (const policy_rule& rule : held.rules) {
    if (!rule.resources.empty()) resources.push_back(rule_of(rule));
    if (!rule.urls.empty()) paths.push_back({{"verbs", rule.verbs}, {"nonResourceURLs", rule.urls}});
  }
  json status = {{"resourceRules", std::move(resources)},
                 {"nonResourceRules", std::move(paths)},
                 {"incomplete", is_node(caller)}};
  std::vector<std::string> troubles = held.unresolved;
  if (is_node(caller))
    troubles.insert(troubles.begin(), "node authorizer does not support user rule resolution");
  if (!troubles.empty()) status["evaluationError"] = joined(troubles, ", ");
  return status;
}

} // namespace actord::actors
