#include "actors/webhooks/admission_review.hpp"

#include "schema/base/json_member.hpp"
#include "schema/codec/base64.hpp"
#include "schema/codec/decode.hpp"
#include "schema/codec/json_text.hpp"
#include "schema/codec/status.hpp"

#include <array>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::string_view review_group = "admission.k8s.io/";
constexpr std::size_t warnings_max = 100;
/// No cause of the API has such a reason.
constexpr std::string_view carrier_reason = " webhook";

error no_answer(std::string why) { return {.kind = error_kind::unavailable, .message = std::move(why)}; }

/// "group/version, Kind=kind", as errors name a kind.
std::string printed_kind(const json& document) {
  std::string version = text_member(document, "apiVersion");
  if (version.find('/') == std::string::npos) version = "/" + version;
  return version + ", Kind=" + text_member(document, "kind");
}

result<json> read_patch(const std::string& encoded) {
  std::size_t wrong_at = 0;
  const auto bytes = schema::decode_base64(encoded, wrong_at);
  if (!bytes) return no_answer("response.patch is not base64");
  auto patch = schema::parse_json(*bytes);
  if (!patch || !patch->is_array())
    return error{.kind = error_kind::internal,
                 .message = "Internal error occurred: " +
                            (patch ? std::string("a JSON patch must be a list") : patch.error().message)};
  return patch;
}

result<json> patch_of(const webhook& hook, const json& response) {
  const std::string patch = text_member(response, "patch");
  const json& type = json_member(response, {"patchType"});
  const bool typed = type.is_string();
  if (hook.review_version == "v1") {
    if (!patch.empty() && !typed)
      return no_answer("webhook returned response.patch but not response.patchType");
    if (patch.empty() && typed)
      return no_answer("webhook returned response.patchType but not response.patch");
    if (typed && type.get_ref<const std::string&>().empty())
      return no_answer("webhook returned invalid response.patchType of \"\"");
  }
  if (patch.empty()) return json();
  if (typed && type != "JSONPatch")
    return no_answer(fmt::format("unsupported patch type \"{}\"", type.get<std::string>()));
  return read_patch(patch);
}

/// The kind with that HTTP code; where there are two of them, the one with that reason.
error_kind nearest_kind(int code, std::string_view reason) {
  constexpr std::array kinds{error_kind::bad_request,
                             error_kind::unauthorized,
                             error_kind::forbidden,
                             error_kind::not_found,
                             error_kind::method_not_allowed,
                             error_kind::not_acceptable,
                             error_kind::conflict,
                             error_kind::already_exists,
                             error_kind::gone,
                             error_kind::expired,
                             error_kind::too_large,
                             error_kind::unsupported_media_type,
                             error_kind::invalid,
                             error_kind::too_many_requests,
                             error_kind::internal,
                             error_kind::unavailable,
                             error_kind::timeout};
  std::optional<error_kind> nearest;
  for (const error_kind kind : kinds) {
    if (http_code(kind) != code) continue;
    if (!nearest || status_reason(kind) == reason) nearest = kind;
  }
  return nearest.value_or(code < 500 ? error_kind::forbidden : error_kind::internal);
}

} // namespace

described_request review_subject::described() const {
  return {operation, *type, subresource, space, name, dry_run, options, caller};
}

std::string review_text(const webhook& hook, const review_subject& subject, const schema::resource_type& as,
                        std::string_view uid, const json& object, const json& old) {
  json request = describe_request(subject.described(), as);
  request["uid"] = uid;
  request["object"] = object;
  request["oldObject"] = old;
  return schema::json_text({{"kind", "AdmissionReview"},
                            {"apiVersion", std::string(review_group) + hook.review_version},
                            {"request", std::move(request)}});
}

result<review_answer> read_review(const webhook& hook, std::string_view uid, std::string_view body) {
  const auto document = schema::parse_json(body);
  if (!document) return no_answer(document.error().message);
  const json& response = json_member(*document, {"response"});
  if (!response.is_object()) return no_answer("webhook response was absent");
  const bool strict = hook.review_version == "v1";
  if (strict && text_member(response, "uid") != uid)
    return no_answer(
        fmt::format("expected response.uid=\"{}\", got \"{}\"", uid, text_member(response, "uid")));
  const bool untyped =
      json_member(*document, {"kind"}).is_null() && json_member(*document, {"apiVersion"}).is_null();
  const bool right = text_member(*document, "kind") == "AdmissionReview" &&
                     text_member(*document, "apiVersion") == std::string(review_group) + hook.review_version;
  if (!right && (strict || !untyped))
    return no_answer(fmt::format("expected webhook response of {}{}, Kind=AdmissionReview, got {}",
                                 review_group, hook.review_version, printed_kind(*document)));
  review_answer answer;
  if (hook.kind == webhook_kind::mutating) {
    auto patch = patch_of(hook, response);
    if (!patch) return patch.error();
    answer.patch = std::move(*patch);
  }
  const json& allowed = json_member(response, {"allowed"});
  answer.allowed = allowed.is_boolean() && allowed.get<bool>();
  answer.status = json_member(response, {"status"});
  for (const json& warning : json_member(response, {"warnings"}))
    if (warning.is_string() && answer.warnings.size() < warnings_max) answer.warnings.push_back(warning);
  const json& notes = json_member(response, {"auditAnnotations"});
  if (notes.is_object())
    for (const auto& [key, value] : notes.items())
      if (value.is_string()) answer.audit_annotations[hook.name + "/" + key] = value.get<std::string>();
  return answer;
}

review_refusal refusal_of(const webhook& hook, const json& given) {
  json status = given.is_object() ? given : json::object();
  const json& code = json_member(status, {"code"});
  review_refusal refusal;
  refusal.code = code.is_number_integer() && code >= 400 && code <= 599 ? code.get<int>() : 400;
  const std::string reason = text_member(status, "reason");
  const std::string message = text_member(status, "message");
  const std::string denied = fmt::format("admission webhook \"{}\" denied the request", hook.name);
  const std::string words = !message.empty()  ? denied + ": " + message
                            : !reason.empty() ? denied + ": " + reason
                                              : denied + " without explanation";
  refusal.plain = {.kind = nearest_kind(refusal.code, reason), .message = words};
  json shown = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", json::object()},
                {"status", "Failure"}, {"message", words},   {"code", refusal.code}};
  if (!reason.empty()) shown["reason"] = reason;
  if (const json& details = json_member(status, {"details"}); details.is_object() && !details.empty())
    shown["details"] = details;
  refusal.status = schema::json_text(shown);
  return refusal;
}

review_refusal failed_call(const webhook& hook, std::string_view why) {
  const std::string words = fmt::format("failed calling webhook \"{}\": {}", hook.name, why);
  return {.plain = {.kind = error_kind::internal,
                    .message = "Internal error occurred: " + words,
                    .causes = {{.reason = {}, .message = words, .field = {}}},
                    .subject = error_subject{}},
          .status = {},
          .code = 500};
}

error error_of(const review_refusal& refusal, const std::vector<std::string>& warnings) {
  if (refusal.status.empty() && warnings.empty()) return refusal.plain;
  error carrier = refusal.plain;
  const json said = {{"code", refusal.status.empty() ? http_code(refusal.plain.kind) : refusal.code},
                     {"status", refusal.status.empty() ? schema::status_text(refusal.plain) : refusal.status},
                     {"warnings", warnings}};
  carrier.causes = {{.reason = std::string(carrier_reason), .message = schema::json_text(said), .field = {}}};
  return carrier;
}

std::optional<carried_words> words_of(const error& failure) {
  if (failure.causes.size() != 1 || failure.causes.front().reason != carrier_reason) return {};
  const auto said = schema::parse_json(failure.causes.front().message);
  if (!said) return {};
  return carried_words{said->at("code").get<int>(), said->at("status").get<std::string>(),
                       said->at("warnings").get<std::vector<std::string>>()};
}

} // namespace actord::actors
