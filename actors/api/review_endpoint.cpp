#include "actors/api/review_endpoint.hpp"

#include "actors/api/request_options.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/decode.hpp"
#include "schema/rules/kind_rules.hpp"

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

json spec_of(const json& review) { return review.value("spec", json::object()); }

access_question question_of(const json& spec) {
  access_question question;
  if (const auto attributes = spec.find("resourceAttributes"); attributes != spec.end()) {
    question.verb = text_of(*attributes, "verb");
    question.group = text_of(*attributes, "group");
    question.resource = text_of(*attributes, "resource");
    if (const std::string sub = text_of(*attributes, "subresource"); !sub.empty())
      question.resource += "/" + sub;
    question.space = text_of(*attributes, "namespace");
    question.name = text_of(*attributes, "name");
  } else if (const auto path = spec.find("nonResourceAttributes"); path != spec.end()) {
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
  if (const auto groups = spec.find("groups"); groups != spec.end())
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
  const schema::write_context context{.type = type,
                                      .subresource = {},
                                      .space = request->route.space,
                                      .name = {},
                                      .now = system_clock_source().wall_now(),
                                      .random = system_random_source(),
                                      .field_manager = options->field_manager,
                                      .validation = options->validation};
  auto prepared = schema::prepare_create(context, *format, request->http.body);
  if (!prepared) return answer_error(*request, prepared.error());
  json& review = prepared->object;
  const json spec = spec_of(review);
  if (type.kind == "SelfSubjectReview") {
    review["status"] = {{"userInfo", user_info(request->caller)}};
    review["metadata"] = {{"creationTimestamp", schema::format_time(context.now)}};
  } else if (type.kind == "TokenReview") {
    review["status"] = token_verdict(authentication, spec);
  } else if (type.kind == "SelfSubjectRulesReview") {
    review["status"] = rules_of_caller(request->caller);
  } else if (type.kind == "SelfSubjectAccessReview") {
    review["status"] = verdict(request->caller, question_of(spec));
  } else {
    review["status"] = verdict(named_caller(spec), question_of(spec));
  }
  answer_json(*request, 201, review.dump(), {prepared->warnings});
}

} // namespace actord::actors
