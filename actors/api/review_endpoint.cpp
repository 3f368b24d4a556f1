#include "actors/api/review_endpoint.hpp"

#include "actors/api/request_options.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/decode.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/kind_rules.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/object_metadata.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

json user_info(const caller_identity& caller) {
  json info = {{"username", caller.user}, {"groups", caller.groups}};
  if (!caller.uid.empty()) info["uid"] = caller.uid;
  if (!caller.extra.empty()) info["extra"] = caller.extra;
  return info;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json spec_of(const json& review) {
  const auto spec = review.find("spec");
  return spec != review.end() && spec->is_object() ? *spec : json::object();
}

access_question question_of(const json& spec) {
  access_question question;
  if (const auto attributes = spec.find("resourceAttributes");
      attributes != spec.end() && attributes->is_object()) {
    question.verb = text_of(*attributes, "verb");
    question.group = text_of(*attributes, "group");
    question.resource = text_of(*attributes, "resource");
    if (const std::string sub = text_of(*attributes, "subresource"); !sub.empty())
      question.resource += "/" + sub;
    question.space = text_of(*attributes, "namespace");
    question.name = text_of(*attributes, "name");
  } else if (const auto path = spec.find("nonResourceAttributes"); path != spec.end() && path->is_object()) {
    question.verb = text_of(*path, "verb");
    question.path = text_of(*path, "path");
  }
  return question;
}

json verdict(const caller_identity& caller, const access_question& question) {
  json status = {{"allowed", is_allowed(caller, question)}};
  return status;
}

caller_identity named_caller(const json& spec) {
  caller_identity caller{
      .user = text_of(spec, "user"), .uid = text_of(spec, "uid"), .groups = {}, .extra = {}};
  if (const auto groups = spec.find("groups"); groups != spec.end() && groups->is_array())
    for (const json& group : *groups) caller.groups.push_back(group.get<std::string>());
  return caller;
}

json token_verdict(const authenticator& authentication, const json& spec) {
  const auto caller = authentication.identify_token(text_of(spec, "token"));
  if (!caller) return {{"user", json::object()}, {"error", "invalid bearer token"}};
  return {{"authenticated", true}, {"user", user_info(*caller)}};
}

/// What the asker may do, as rules: everything, or nothing.
json rules_of_caller(const caller_identity& caller) {
  json resources = json::array();
  json paths = json::array();
  if (is_allowed(caller, {})) {
    resources.push_back({{"verbs", {"*"}}, {"apiGroups", {"*"}}, {"resources", {"*"}}});
    paths.push_back({{"verbs", {"*"}}, {"nonResourceURLs", {"*"}}});
  }
  return {{"resourceRules", resources}, {"nonResourceRules", paths}, {"incomplete", false}};
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

/// What a question must say, and that it is no object: it has no name.
std::optional<error> check_access_question(const schema::resource_type& type, const json& review) {
  schema::field_errors errors;
  const json spec = spec_of(review);
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

std::optional<error> check_review(const schema::resource_type& type, const json& review) {
  if (type.kind == "TokenReview" && text_of(spec_of(review), "token").empty())
    return bad_request("token is required for TokenReview in authentication");
  if (type.kind.ends_with("AccessReview")) return check_access_question(type, review);
  return {};
}

} // namespace

bool is_review(const schema::resource_type& type) {
  return type.group == "authentication.k8s.io" || type.group == "authorization.k8s.io";
}

void serve_review(const authenticator& authentication, const request_handle& request) {
  const schema::resource_type& type = request->type();
  const auto format = body_format_of(request->http.header("content-type"));
  if (!format) return answer_error(*request, format.error());
  const auto options =
      parse_write_options(request->query, "CreateOptions", request->http.header("user-agent"), false);
  if (!options) return answer_error(*request, options.error());
  auto decoded =
      schema::decode_object(schema::body_kind_of(type), *format, request->http.body, options->validation);
  if (!decoded) return answer_error(*request, decoded.error());
  json& review = decoded->object;
  if (auto settled = schema::settle_namespace(type, request->route.space, review); !settled)
    return answer_error(*request, settled.error());
  const wall_time now = system_clock_source().wall_now();
  schema::track_update({*type.type, options->field_manager, type.api_version(), {}, now, {}}, nullptr,
                       review);
  if (const auto refused = check_review(type, review)) return answer_error(*request, *refused);
  const json spec = spec_of(review);
  if (type.kind == "SelfSubjectReview") {
    review["status"] = {{"userInfo", user_info(request->caller)}};
    review["metadata"] = {{"creationTimestamp", schema::format_time(now)}};
  } else if (type.kind == "TokenReview") {
    review["status"] = token_verdict(authentication, spec);
  } else if (type.kind == "SelfSubjectRulesReview") {
    review["status"] = rules_of_caller(request->caller);
  } else if (type.kind == "SelfSubjectAccessReview") {
    review["status"] = verdict(request->caller, question_of(spec));
  } else {
    review["status"] = verdict(named_caller(spec), question_of(spec));
  }
  answer_json(*request, 201, review.dump(), {std::move(decoded->warnings)});
}

} // namespace actord::actors
