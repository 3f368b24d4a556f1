#include "actors/controllers/access/secret_tokens.hpp"

#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"

namespace actord::actors {
namespace {

std::string_view value_of(const schema::text_map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string_view() : std::string_view(found->second);
}

plan remove(const object_key& key, const seen<schema::secret_view>& secret, std::string note) {
  plan out;
  out.verdict = note;
  out.remove.push_back({.key = key, .uid = secret.view.meta.uid, .at = secret.at, .note = std::move(note)});
  return out;
}

} // namespace

plan reconcile_account_token(const account_token_view& view, const token_minter& mint) {
  const schema::secret_view& secret = view.secret.view;
  const std::string account(value_of(secret.meta.annotations, account_name_annotation));
  const std::string_view uid = value_of(secret.meta.annotations, account_uid_annotation);
  if (view.account_uid.empty()) return remove(view.key, view.secret, "its service account is gone");
  if (!uid.empty() && uid != view.account_uid)
    return remove(view.key, view.secret, "its service account is another one now");
  json data = json::object();
  const auto want = [&](const char* key, std::string_view value) {
    if (value_of(secret.data, key) != value) data[key] = schema::encode_base64(value);
  };
  plan out;
  out.verdict = "complete";
  want("ca.crt", view.ca_pem);
  want("namespace", view.key.space);
  if (value_of(secret.data, "token").empty() && mint) {
    const auto token = mint(view.key.space, account, view.account_uid, view.key.name);
    if (!token) {
      out.verdict = token.error().message;
      return out;
    }
    want("token", *token);
  }
  json patch = json::object();
  if (!data.empty()) patch["data"] = std::move(data);
  if (uid.empty()) patch["metadata"]["annotations"][account_uid_annotation] = view.account_uid;
  if (patch.empty()) return out;
  out.verdict = "filled in";
  out.patch.push_back({.key = view.key,
                       .subresource = {},
                       .uid = secret.meta.uid,
                       .at = view.secret.at,
                       .patch = std::move(patch),
                       .note = "the token of service account " + account});
  return out;
}

plan reconcile_bootstrap_token(const object_key& key, const seen<schema::secret_view>& secret,
                               wall_time now) {
  plan out;
  const auto ends = schema::parse_time(value_of(secret.view.data, "expiration"));
  out.verdict = ends ? "not over yet" : "never ends";
  if (!ends) return out;
  if (*ends <= now) return remove(key, secret, "the bootstrap token has expired");
  out.requeue_at = *ends;
  return out;
}

} // namespace actord::actors
