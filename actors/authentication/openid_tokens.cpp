#include "actors/authentication/openid_tokens.hpp"

#include "actors/authentication/claim_expressions.hpp"
#include "actors/objects/refusals.hpp"
#include "net/pki/signed_token.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

constexpr std::int64_t start_leeway_s = 300;
constexpr std::size_t groups_max = 1000;
constexpr std::array<std::string_view, 9> algorithms{"RS256", "RS384", "RS512", "ES256", "ES384",
                                                     "ES512", "PS256", "PS384", "PS512"};

std::string text_of(const json& claims, const std::string& name) {
  const auto found = claims.find(name);
  return found != claims.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<std::string> texts_of(const json& claims, const std::string& name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return {};
  if (found->is_string()) return {found->get<std::string>()};
  std::vector<std::string> out;
  if (found->is_array())
    for (const json& each : *found)
      if (each.is_string()) out.push_back(each.get<std::string>());
  return out;
}

std::int64_t seconds_of(const json& claims, const char* name, std::int64_t fallback) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return fallback;
  const double value = found->get<double>();
  return value > 0 && value < 1e15 ? static_cast<std::int64_t>(value) : fallback;
}

bool is_own_name(std::string_view name) { return name.starts_with("system:"); }

std::string username_prefix_of(const openid_options& options) {
  if (options.literal_prefix) return options.username_prefix;
  if (options.username_prefix == "-") return {};
  if (!options.username_prefix.empty()) return options.username_prefix;
  return options.username_claim == "email" ? std::string() : options.issuer_url + "#";
}

/// None where the claims have none, and for an address that its provider has not verified, where it says so.
result<std::optional<std::string>> username_of(const openid_options& options, const json& claims) {
  if (options.expressions && options.expressions->username) {
    auto mapped = mapped_claims(*options.expressions->username, claims);
    if (!mapped) return mapped.error();
    if (mapped->size() != 1) return std::optional<std::string>();
    return std::optional(std::move(mapped->front()));
  }
  const std::string name = text_of(claims, options.username_claim);
  if (name.empty()) return std::optional<std::string>();
  if (options.username_claim == "email") {
    const auto verified = claims.find("email_verified");
    if (verified != claims.end() && *verified != true) return std::optional<std::string>();
  }
  return std::optional(username_prefix_of(options) + name);
}

result<std::vector<std::string>> groups_of(const openid_options& options, const json& claims) {
  if (options.expressions && options.expressions->groups)
    return mapped_claims(*options.expressions->groups, claims);
  std::vector<std::string> groups;
  if (options.groups_claim.empty()) return groups;
  for (const std::string& group : texts_of(claims, options.groups_claim))
    groups.push_back(options.groups_prefix + group);
  return groups;
}

/// Everything but the name.
result<void> describe_user(const openid_options& options, const json& claims, caller_identity& user) {
  auto groups = groups_of(options, claims);
  if (!groups) return groups.error();
  for (std::string& group : *groups)
    if (!is_own_name(group) && user.groups.size() < groups_max) user.groups.push_back(std::move(group));
  if (!options.uid_claim.empty()) user.uid = text_of(claims, options.uid_claim);
  if (const std::string id = text_of(claims, "jti"); !id.empty()) user.extra[credential_id] = {"JTI=" + id};
  if (!options.expressions) return {};
  if (options.expressions->uid) {
    auto uid = mapped_claims(*options.expressions->uid, claims);
    if (!uid) return uid.error();
    if (uid->size() == 1) user.uid = std::move(uid->front());
  }
  for (const auto& [key, expression] : options.expressions->extra) {
    auto values = mapped_claims(expression, claims);
    if (!values) return values.error();
    if (!values->empty()) user.extra[key] = std::move(*values);
  }
  return check_user(options.expressions->user_rules, user);
}

} // namespace

std::vector<std::string> openid_algorithms() { return {algorithms.begin(), algorithms.end()}; }

result<void> check_openid_options(const openid_options& options) {
  if (!options.issuer_url.starts_with("https://"))
    return bad_request("--oidc-issuer-url must be an https address: \"" + options.issuer_url + "\"");
  if (options.client_ids.empty()) return bad_request("--oidc-client-id must be given with --oidc-issuer-url");
  if (options.issuer_url == token_issuer)
    return bad_request("--oidc-issuer-url must not be this cluster's own issuer of service-account tokens");
  for (const std::string& algorithm : options.signing_algorithms)
    if (std::ranges::find(algorithms, algorithm) == algorithms.end())
      return bad_request("--oidc-signing-algs does not know \"" + algorithm + "\"");
  return {};
}

identity_verdict openid_identity(const openid_options& options, const std::string& claims_text,
                                 wall_time now) {
  const json claims = json::parse(claims_text, nullptr, false);
  if (!claims.is_object()) return identity_verdict::refused();
  const std::int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (seconds_of(claims, "exp", 0) <= seconds)
    return identity_verdict::refused("oidc: the token has expired");
  if (seconds_of(claims, "nbf", 0) > seconds + start_leeway_s)
    return identity_verdict::refused("oidc: the token is not valid yet");
  const auto audiences = texts_of(claims, "aud");
  const bool for_us = std::ranges::any_of(options.client_ids, [&](const std::string& id) {
    return std::ranges::find(audiences, id) != audiences.end();
  });
  if (!for_us) return identity_verdict::refused("oidc: the token is for another audience");
  for (const auto& [name, value] : options.required_claims)
    if (text_of(claims, name) != value)
      return identity_verdict::refused("oidc: the required claim \"" + name +
                                       "\" is missing or has another value");
  if (options.expressions)
    if (auto fine = check_claims(options.expressions->claim_rules, claims); !fine)
      return identity_verdict::refused("oidc: " + fine.error().message);
  auto named = username_of(options, claims);
  if (!named) return identity_verdict::refused("oidc: " + named.error().message);
  std::optional<std::string> user = std::move(*named);
  if (!user) return identity_verdict::refused("oidc: the claim of the user name is missing or not verified");
  if (is_own_name(*user)) return identity_verdict::refused("oidc: the user name begins with \"system:\"");
  identity_verdict verdict{.what = identity_verdict::outcome::known,
                           .audiences = {std::string(token_issuer)}};
  verdict.caller.user = std::move(*user);
  if (auto described = describe_user(options, claims, verdict.caller); !described)
    return identity_verdict::refused("oidc: " + described.error().message);
  return verdict;
}

identity_verdict openid_tokens::check_signature(std::string_view token, std::string& claims) const {
  const net::issuer_keys::key_list keys = keys_->current();
  const net::sha256_digest digest = net::sha256(token);
  if (const auto known = known_.find(digest); known && known->keys == keys) {
    claims = known->claims;
    return {.what = identity_verdict::outcome::known};
  }
  auto parsed = net::parse_web_token(token);
  if (!parsed) return identity_verdict::nobody();
  const json unproven = json::parse(parsed->claims, nullptr, false);
  if (!unproven.is_object() || text_of(unproven, "iss") != options_.issuer_url)
    return identity_verdict::nobody();
  if (std::ranges::find(options_.signing_algorithms, parsed->algorithm) == options_.signing_algorithms.end())
    return identity_verdict::refused("oidc: the token is signed in a way that is not allowed");
  if (!keys)
    return {.what = identity_verdict::outcome::waiting, .why = "oidc: the provider's keys are not here yet"};
  bool has_key = false;
  for (const net::web_key& key : *keys) {
    if (!parsed->key_id.empty() && key.id() != parsed->key_id) continue;
    has_key = true;
    if (!key.verifies(parsed->algorithm, parsed->signed_part, parsed->signature)) continue;
    claims = parsed->claims;
    known_.remember(digest, std::make_shared<const verified>(verified{keys, std::move(parsed->claims)}));
    return {.what = identity_verdict::outcome::known};
  }
  if (has_key) return identity_verdict::refused("oidc: the signature is not the provider's");
  return {.what = identity_verdict::outcome::waiting, .why = "oidc: the token names a key that is not known"};
}

identity_verdict openid_tokens::check(std::string_view token, std::span<const std::string> audiences) const {
  std::string claims;
  identity_verdict verdict = check_signature(token, claims);
  if (verdict.what != identity_verdict::outcome::known) return verdict;
  if (std::ranges::find(audiences, token_issuer) == audiences.end()) return identity_verdict::refused();
  return openid_identity(options_, claims, clock_.wall_now());
}

} // namespace actord::actors
