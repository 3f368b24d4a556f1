#include "actors/api/token_endpoint.hpp"

#include "actors/cluster/token_authority.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/decode.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

/// At least ten minutes, as Kubernetes; what is longer than a day is cut to it.
constexpr std::int64_t shortest_s = 600;
constexpr std::int64_t longest_s = 86'400;
constexpr std::int64_t default_s = 3600;

json part_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

std::vector<std::string> audiences_of(const json& spec) {
  const auto found = spec.find("audiences");
  if (found == spec.end() || !found->is_array()) return {};
  return found->get<std::vector<std::string>>();
}

error invalid_lifetime(std::int64_t seconds) {
  const std::string why =
      fmt::format("Invalid value: {}: may not specify a duration less than 10 minutes", seconds);
  return {.kind = error_kind::invalid,
          .message = fmt::format(
              "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: {}", why),
          .causes = {{"FieldValueInvalid", why, "spec.expirationSeconds"}},
          .subject = error_subject{"authentication.k8s.io", "TokenRequest", {}, {}}};
}

} // namespace

void serve_token_request(storage::store& store, const token_authority& tokens,
                         const request_handle& request) {
  const schema::resource_type& type = request->type();
  const auto format = body_format_of(request->http.header("content-type"));
  if (!format) return answer_error(*request, format.error());
  auto body = schema::decode_object(schema::body_kind_of(type, "token"), *format, request->http.body,
                                    schema::field_validation::ignore);
  if (!body) return answer_error(*request, body.error());
  json& review = body->object;
  const json spec = part_of(review, "spec");
  const auto seconds = spec.find("expirationSeconds");
  const std::int64_t asked =
      seconds != spec.end() && seconds->is_number_integer() ? seconds->get<std::int64_t>() : default_s;
  if (asked < shortest_s) return answer_error(*request, invalid_lifetime(asked));

  const auto reads = store.read();
  const std::string_view bytes = reads->get({type.stored_as, request->route.space, request->route.name});
  if (bytes.empty()) return answer_error(*request, object_not_found(type, request->route.name));
  const auto account = schema::object_view::open(bytes);
  if (!account) return answer_error(*request, account.error());

  token_order order{.space = request->route.space,
                    .account = request->route.name,
                    .account_uid = std::string(account->uid()),
                    .audiences = audiences_of(spec),
                    .lifetime = std::chrono::seconds(std::min(asked, longest_s)),
                    .pod = {},
                    .pod_uid = {}};
  if (const json bound = part_of(spec, "boundObjectRef"); bound.value("kind", "") == "Pod") {
    order.pod = bound.value("name", "");
    order.pod_uid = bound.value("uid", "");
  }
  const auto issued = tokens.issue(order);
  if (!issued) return answer_error(*request, issued.error());
  review["metadata"] = {{"name", request->route.name},
                        {"namespace", request->route.space},
                        {"creationTimestamp", schema::format_time(store.now())}};
  review["spec"]["expirationSeconds"] = order.lifetime.count();
  if (order.audiences.empty()) review["spec"]["audiences"] = {token_issuer};
  review["status"] = {{"token", issued->token},
                      {"expirationTimestamp", schema::format_time(issued->expires)}};
  answer_json(*request, 201, review.dump());
}

} // namespace actord::actors
