#include "actors/api/access/token_endpoint.hpp"

#include "actors/admission/node_restriction.hpp"
#include "actors/authentication/token_authority.hpp"
#include "actors/authorization/policy_rules.hpp"
#include "actors/objects/refusals.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/decode.hpp"
#include "schema/view/object_references.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr std::int64_t shortest_s = 600;
constexpr std::int64_t longest_s = std::int64_t{1} << 32;
constexpr std::int64_t default_s = 3600;
/// Texts of a request that end up in the token, which has to fit into a header.
constexpr std::size_t audiences_max = 32;
constexpr std::size_t audience_bytes_max = 1024;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

error invalid_request(std::string_view name, std::string field, std::string why) {
  return {.kind = error_kind::invalid,
          .message =
              fmt::format("TokenRequest.authentication.k8s.io \"{}\" is invalid: {}: {}", name, field, why),
          .causes = {{"FieldValueInvalid", std::move(why), std::move(field)}},
          .subject = error_subject{"authentication.k8s.io", "TokenRequest", std::string(name), {}}};
}

error other_uid(std::string_view kind, std::string_view name, std::string why) {
  const std::string resource =
      kind == "TokenRequest" ? "TokenRequest.authentication.k8s.io" : std::string(kind);
  return {
      .kind = error_kind::conflict,
      .message = fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", resource, name, why),
      .causes = {},
      .subject = error_subject{
          kind == "TokenRequest" ? "authentication.k8s.io" : "", std::string(kind), std::string(name), {}}};
}

/// One request for a token, checked and filled in step by step.
class token_request {
public:
  token_request(const storage::snapshot& reads, const api_request& request, json& document)
      : reads_(reads), request_(request), document_(document) {}

  result<token_order> settle() {
    if (auto named = check_names(); !named) return named.error();
    const auto account = find("serviceaccounts", order_.space, request_.route.name);
    if (!account) return account.error();
    order_.account = {request_.route.name, std::string(account->uid())};
    json& metadata = document_["metadata"];
    if (const std::string uid = text_of(metadata, "uid"); !uid.empty() && uid != order_.account.uid)
      return other_uid("TokenRequest", request_.route.name,
                       fmt::format("the UID in the token request ({}) does not match the UID of the service "
                                   "account ({})",
                                   uid, order_.account.uid));
    metadata["name"] = order_.account.name;
    metadata["namespace"] = order_.space;
    metadata["uid"] = order_.account.uid;
    if (auto timed = settle_lifetime(); !timed) return timed.error();
    if (auto meant = settle_audiences(); !meant) return meant.error();
    if (auto bound = settle_binding(); !bound) return bound.error();
    return order_;
  }

private:
  [[nodiscard]] result<void> check_names() {
    order_.space = request_.route.space;
    if (!document_["metadata"].is_object()) document_["metadata"] = json::object();
    const json& metadata = document_["metadata"];
    const std::string& url_name = request_.route.name;
    if (const std::string name = text_of(metadata, "name"); !name.empty() && name != url_name)
      return invalid_request(
          url_name, "metadata.name",
          fmt::format("Invalid value: \"{}\": must match the service account name if specified", name));
    if (const std::string space = text_of(metadata, "namespace"); !space.empty() && space != order_.space)
      return invalid_request(
          url_name, "metadata.namespace",
          fmt::format("Invalid value: \"{}\": must match the service account namespace if specified", space));
    return {};
  }

  [[nodiscard]] result<schema::object_view> find(std::string_view plural, const std::string& space,
                                                 const std::string& name) const {
    const schema::resource_type& type = schema::builtin("", plural);
    const std::string_view bytes = reads_.get({type.stored_as, space, name});
    if (bytes.empty()) return object_not_found(type, name);
    return schema::object_view::open(bytes);
  }

  [[nodiscard]] result<void> settle_lifetime() {
    json& spec = document_["spec"];
    if (!spec.is_object()) spec = json::object();
    const auto seconds = spec.find("expirationSeconds");
    const std::int64_t asked =
        seconds != spec.end() && seconds->is_number_integer() ? seconds->get<std::int64_t>() : default_s;
    const char* const field = "spec.expirationSeconds";
    if (asked < shortest_s)
      return invalid_request(
          {}, field,
          fmt::format("Invalid value: {}: may not specify a duration less than 10 minutes", asked));
    if (asked > longest_s)
      return invalid_request(
          {}, field,
          fmt::format("Invalid value: {}: may not specify a duration larger than 2^32 seconds", asked));
    spec["expirationSeconds"] = asked;
    order_.lifetime = std::chrono::seconds(asked);
    return {};
  }

  [[nodiscard]] result<void> settle_audiences() {
    json& spec = document_["spec"];
    if (const auto found = spec.find("audiences"); found != spec.end() && found->is_array())
      order_.audiences = found->get<std::vector<std::string>>();
    const bool long_ones = std::ranges::any_of(
        order_.audiences, [](const std::string& each) { return each.size() > audience_bytes_max; });
    if (order_.audiences.size() > audiences_max || long_ones)
      return invalid_request({}, "spec.audiences",
                             fmt::format("Too long: may not have more than {} items of {} bytes",
                                         audiences_max, audience_bytes_max));
    if (order_.audiences.empty()) order_.audiences.emplace_back(token_issuer);
    spec["audiences"] = order_.audiences;
    return {};
  }

  [[nodiscard]] result<void> settle_binding() {
    const json& spec = document_["spec"];
    const auto reference = spec.find("boundObjectRef");
    if (reference == spec.end() || !reference->is_object()) return {};
    const std::string kind = text_of(*reference, "kind");
    const std::string version = text_of(*reference, "apiVersion");
    const std::string name = text_of(*reference, "name");
    const bool core = version == "v1" || version.empty();
    if (!core || (kind != "Pod" && kind != "Node" && kind != "Secret"))
      return bad_request(fmt::format("cannot bind token to object of type {}, Kind={}",
                                     version.empty() ? "/" : version, kind));
    const auto bound = find(kind == "Pod"    ? "pods"
                            : kind == "Node" ? "nodes"
                                             : "secrets",
                            kind == "Node" ? std::string() : order_.space, name);
    if (!bound) return bound.error();
    const token_object object{name, std::string(bound->uid())};
    if (kind == "Node") order_.node = object;
    if (kind == "Secret") order_.secret = object;
    if (kind == "Pod") {
      if (schema::parse_pod_references(bound->text()).service_account != order_.account.name)
        return bad_request(fmt::format(
            "cannot bind token for serviceaccount {} to pod running with different serviceaccount name.",
            quote(order_.account.name)));
      order_.pod = object;
      order_.node = node_of_pod(reads_, bound->node_name());
    }
    if (const std::string uid = text_of(*reference, "uid"); !uid.empty() && uid != object.uid)
      return other_uid(
          kind, name,
          fmt::format("the UID in the bound object reference ({}) does not match the UID in record. "
                      "The object might have been deleted and then recreated",
                      uid));
    return {};
  }

  const storage::snapshot& reads_;
  const api_request& request_;
  json& document_;
  token_order order_;
};

result<void> admit_order(storage::store& store, const api_request& request, const json& document) {
  return admit_token_request(request.caller, *store.read(), request.route.space, request.route.name,
                             document.value("spec", json::object()));
}

void issue_token(storage::store& store, const token_authority& tokens, const request_handle& request,
                 json document, std::vector<std::string> warnings) {
  const auto reads = store.read();
  const auto order = token_request(*reads, *request, document).settle();
  if (!order) return answer_error(*request, order.error());
  const auto issued = tokens.issue(*order);
  if (!issued) return answer_error(*request, issued.error());
  document["metadata"]["creationTimestamp"] = schema::format_time(store.now());
  document["status"] = {{"token", issued->token},
                        {"expirationTimestamp", schema::format_time(issued->expires)}};
  answer_json(*request, 201, document.dump(), {std::move(warnings)});
}

} // namespace

void serve_token_request(storage::store& store, const token_authority& tokens,
                         const review_admission& admission, const request_handle& request) {
  const auto format = body_format_of(request->http.header("content-type"));
  if (!format) return answer_error(*request, format.error());
  auto body = schema::decode_object(schema::body_kind_of(request->type(), "token"), *format,
                                    request->http.body, schema::field_validation::ignore);
  if (!body) return answer_error(*request, body.error());
  admission.admit(
      request, {}, std::move(body->object),
      [&store, request](json& document) { return admit_order(store, *request, document); },
      [&store, &tokens, request](json document, std::vector<std::string> warnings) {
        issue_token(store, tokens, request, std::move(document), std::move(warnings));
      });
}

} // namespace actord::actors
