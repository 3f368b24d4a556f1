#include "actors/cluster/token_authority.hpp"

#include "net/pki/signed_token.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

std::int64_t unix_seconds(wall_time when) {
  return std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

json member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

/// Whether the object of that name is still the one with that uid.
bool lives(const storage::snapshot& reads, std::string_view plural, const std::string& space,
           const std::string& name, const std::string& uid) {
  const std::string_view bytes = reads.get({schema::builtin("", plural).stored_as, space, name});
  if (bytes.empty()) return false;
  const auto view = schema::object_view::open(bytes);
  return view && view->uid() == uid;
}

bool is_for_us(const json& claims) {
  const auto audiences = claims.find("aud");
  if (audiences == claims.end()) return false;
  if (audiences->is_string()) return *audiences == token_issuer;
  return std::ranges::find(*audiences, token_issuer) != audiences->end();
}

} // namespace

result<issued_token> token_authority::issue(const token_order& order) const {
  const wall_time now = store_.now();
  const std::int64_t issued = unix_seconds(now);
  json bound = {{"namespace", order.space},
                {"serviceaccount", {{"name", order.account}, {"uid", order.account_uid}}}};
  if (!order.pod.empty()) bound["pod"] = {{"name", order.pod}, {"uid", order.pod_uid}};
  const std::vector<std::string> audiences =
      order.audiences.empty() ? std::vector<std::string>{std::string(token_issuer)} : order.audiences;
  const json claims = {{"iss", token_issuer},
                       {"aud", audiences},
                       {"sub", fmt::format("system:serviceaccount:{}:{}", order.space, order.account)},
                       {"iat", issued},
                       {"nbf", issued},
                       {"exp", issued + order.lifetime.count()},
                       {"kubernetes.io", std::move(bound)}};
  auto token = net::sign_token(key_, claims.dump());
  if (!token) return token.error();
  return issued_token{std::move(*token), now + order.lifetime};
}

std::optional<caller_identity> token_authority::verify(std::string_view token) const {
  const auto text = net::verify_token(key_.public_pem, token);
  if (!text) return {};
  const json claims = json::parse(*text, nullptr, false);
  if (!claims.is_object() || claims.value("iss", "") != token_issuer || !is_for_us(claims)) return {};
  if (claims.value("exp", std::int64_t{0}) <= unix_seconds(store_.now())) return {};
  const json bound = member(claims, "kubernetes.io");
  const json account = member(bound, "serviceaccount");
  const std::string space = text_of(bound, "namespace");
  const auto reads = store_.read();
  if (!lives(*reads, "serviceaccounts", space, text_of(account, "name"), text_of(account, "uid"))) return {};
  caller_identity caller{.user = text_of(claims, "sub"),
                         .uid = text_of(account, "uid"),
                         .groups = {"system:serviceaccounts", "system:serviceaccounts:" + space},
                         .extra = {}};
  if (const json pod = member(bound, "pod"); !pod.empty()) {
    if (!lives(*reads, "pods", space, text_of(pod, "name"), text_of(pod, "uid"))) return {};
    caller.extra["authentication.kubernetes.io/pod-name"] = {text_of(pod, "name")};
    caller.extra["authentication.kubernetes.io/pod-uid"] = {text_of(pod, "uid")};
  }
  return caller;
}

} // namespace actord::actors
