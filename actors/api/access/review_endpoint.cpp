#include "actors/api/access/review_endpoint.hpp"

#include "actors/api/access/access_reviews.hpp"
#include "actors/api/request_options.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/decode.hpp"
#include "schema/patch/field_manager.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/object_metadata.hpp"

#include <memory>

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

std::vector<std::string> audiences_of(const json& spec) {
  const auto found = spec.find("audiences");
  return found != spec.end() && found->is_array() ? found->get<std::vector<std::string>>()
                                                  : std::vector<std::string>();
}

json token_status(const identity_verdict& verdict) {
  if (verdict.what == identity_verdict::outcome::known)
    return {{"authenticated", true}, {"user", user_info(verdict.caller)}, {"audiences", verdict.audiences}};
  const std::string why =
      verdict.why.empty() ? "invalid bearer token" : "[invalid bearer token, " + verdict.why + "]";
  return {{"user", json::object()}, {"error", why}};
}

std::optional<error> check_review(const schema::resource_type& type, const json& review) {
  if (type.kind == "TokenReview" && text_of(spec_of(review), "token").empty())
    return bad_request("token is required for TokenReview in authentication");
  if (type.kind.ends_with("AccessReview")) return check_access_review(type, review);
  return {};
}

/// A review on its way to its answer.
struct open_review {
  review_collaborators with;
  request_handle request;
  json document;
  answer_extras extras;

  void answer(json status) {
    document["status"] = std::move(status);
    answer_json(*request, 201, document.dump(), extras);
  }
};

void answer_token_review(const std::shared_ptr<open_review>& review, bool may_wait) {
  const json spec = spec_of(review->document);
  const identity_verdict verdict =
      review->with.authentication.identify_token(text_of(spec, "token"), audiences_of(spec));
  const bool waits = may_wait && verdict.what == identity_verdict::outcome::waiting &&
                     review->with.authentication.when_token_decidable(
                         text_of(spec, "token"), [review] { answer_token_review(review, false); });
  if (!waits) review->answer(token_status(verdict));
}

void answer_review(const std::shared_ptr<open_review>& review, wall_time now) {
  const schema::resource_type& type = review->request->type();
  const caller_identity& caller = review->request->caller;
  const json spec = spec_of(review->document);
  if (type.kind == "TokenReview") return answer_token_review(review, true);
  if (type.kind == "SelfSubjectReview") {
    review->document["metadata"] = {{"creationTimestamp", schema::format_time(now)}};
    return review->answer({{"userInfo", user_info(caller)}});
  }
  if (type.kind != "SelfSubjectRulesReview")
    return review->answer(access_review_status(review->with.authorization, type, caller, spec));
  auto status = rules_review_status(review->with.authorization, caller, spec);
  if (!status) return answer_error(*review->request, status.error());
  review->answer(std::move(*status));
}

} // namespace

bool is_review(const schema::resource_type& type) {
  return type.group == "authentication.k8s.io" || type.group == "authorization.k8s.io";
}

void serve_review(const review_collaborators& with, const request_handle& request) {
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
  with.admission.admit(
      request, *options, std::move(review),
      [request](json& admitted) -> result<void> {
        if (auto refused = check_review(request->type(), admitted)) return std::move(*refused);
        return {};
      },
      [with, request, now, warnings = std::move(decoded->warnings)](json admitted,
                                                                    std::vector<std::string> more) mutable {
        warnings.insert(warnings.end(), more.begin(), more.end());
        answer_review(std::make_shared<open_review>(
                          open_review{with, request, std::move(admitted), {std::move(warnings)}}),
                      now);
      });
}

} // namespace actord::actors
