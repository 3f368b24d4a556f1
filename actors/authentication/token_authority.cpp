#include "actors/authentication/token_authority.hpp"

#include "actors/authorization/access_rules.hpp"
#include "actors/objects/refusals.hpp"
#include "net/pki/cluster_pki.hpp"
#include "net/pki/signed_token.hpp"
#include "schema/base/json.hpp"
#include "schema/base/rng.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/config_map_view.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {
namespace {

constexpr const char* legacy_issuer = "kubernetes/serviceaccount";
constexpr const char* invalidated_label = "kubernetes.io/legacy-token-invalid-since";
constexpr std::chrono::hours extended_lifetime{365 * 24};
/// What is on its way out keeps its tokens a little longer, for the farewell.
constexpr std::chrono::seconds deletion_leeway{60};
/// A clock of another member may be behind the one that issued.
constexpr std::int64_t start_leeway_s = 60;

std::int64_t unix_seconds(wall_time when) {
  return std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<std::int64_t>() : 0;
}

json member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : json::object();
}

json named(const token_object& object) {
  json out = {{"name", object.name}};
  if (!object.uid.empty()) out["uid"] = object.uid;
  return out;
}

std::optional<token_object> object_in(const json& claims, const char* key) {
  const json part = member(claims, key);
  if (part.empty()) return {};
  return token_object{text_of(part, "name"), text_of(part, "uid")};
}

std::vector<std::string> audiences_of(const json& claims) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return {};
  if (found->is_string()) return {found->get<std::string>()};
  std::vector<std::string> out;
  if (found->is_array())
    for (const json& each : *found)
      if (each.is_string()) out.push_back(each.get<std::string>());
  return out;
}

/// None for claims of another issuer.
std::optional<token_claims> claims_of(const std::string& text) {
  const json claims = json::parse(text, nullptr, false);
  if (!claims.is_object()) return {};
  const std::string issuer = text_of(claims, "iss");
  token_claims out;
  out.subject = text_of(claims, "sub");
  out.audiences = audiences_of(claims);
  if (issuer == legacy_issuer) {
    out.legacy = true;
    out.space = text_of(claims, "kubernetes.io/serviceaccount/namespace");
    out.account = {text_of(claims, "kubernetes.io/serviceaccount/service-account.name"),
                   text_of(claims, "kubernetes.io/serviceaccount/service-account.uid")};
    out.secret = token_object{text_of(claims, "kubernetes.io/serviceaccount/secret.name"), {}};
    return out;
  }
  if (issuer != token_issuer) return {};
  out.not_before = number_of(claims, "nbf");
  out.expires = number_of(claims, "exp");
  out.id = text_of(claims, "jti");
  const json bound = member(claims, "kubernetes.io");
  out.space = text_of(bound, "namespace");
  out.account = object_in(bound, "serviceaccount").value_or(token_object{});
  out.pod = object_in(bound, "pod");
  out.secret = object_in(bound, "secret");
  out.node = object_in(bound, "node");
  return out;
}

/// Whether the objects of a token are still there.
class token_witness {
public:
  token_witness(const storage::snapshot& reads, const token_claims& claims, wall_time now)
      : reads_(reads), claims_(claims), now_(now) {}

  /// Why not; none when all is well.
  [[nodiscard]] std::optional<std::string> objection(std::string_view token) const {
    if (const auto why = missing("serviceaccounts", claims_.account)) return why;
    if (claims_.legacy) return legacy_objection(token);
    if (claims_.secret)
      if (const auto why = missing("secrets", *claims_.secret)) return why;
    if (claims_.pod) return missing("pods", *claims_.pod);
    if (claims_.node) return missing("nodes", *claims_.node);
    return {};
  }

private:
  [[nodiscard]] std::string_view bytes_of(std::string_view plural, const std::string& name) const {
    const schema::resource_type& type = schema::builtin("", plural);
    return reads_.get({type.stored_as, type.namespaced ? claims_.space : std::string(), name});
  }

  [[nodiscard]] std::optional<std::string> missing(std::string_view plural,
                                                   const token_object& object) const {
    const auto view = schema::object_view::open(bytes_of(plural, object.name));
    if (!view) return "service account token has been invalidated";
    if (view->uid() != object.uid)
      return fmt::format("the token is bound to one of {} that has another uid than \"{}\" now", plural,
                         object.name);
    if (view->being_deleted() && view->deletion_time() + deletion_leeway < now_)
      return "service account token has been invalidated";
    return {};
  }

  [[nodiscard]] std::optional<std::string> legacy_objection(std::string_view token) const {
    if (claims_.subject != service_account_user(claims_.space, claims_.account.name))
      return "sub claim is invalid";
    const auto view = schema::object_view::open(bytes_of("secrets", claims_.secret->name));
    if (!view || view->being_deleted()) return "Token has been invalidated";
    const schema::secret_view secret = schema::parse_secret(view->text());
    const auto kept = secret.data.find("token");
    if (kept == secret.data.end() || !net::token_matches(token, kept->second))
      return "Token does not match server's copy";
    if (secret.meta.labels.contains(invalidated_label)) return "the token has been marked invalid";
    return {};
  }

  const storage::snapshot& reads_;
  const token_claims& claims_;
  wall_time now_;
};

caller_identity caller_of(const token_claims& claims) {
  caller_identity caller{.user = service_account_user(claims.space, claims.account.name),
                         .uid = claims.account.uid,
                         .groups = {"system:serviceaccounts", "system:serviceaccounts:" + claims.space},
                         .extra = {}};
  if (!claims.id.empty()) caller.extra[credential_id] = {"JTI=" + claims.id};
  if (claims.pod) {
    caller.extra["authentication.kubernetes.io/pod-name"] = {claims.pod->name};
    caller.extra["authentication.kubernetes.io/pod-uid"] = {claims.pod->uid};
  }
  if (claims.node) {
    caller.extra["authentication.kubernetes.io/node-name"] = {claims.node->name};
    if (!claims.node->uid.empty()) caller.extra["authentication.kubernetes.io/node-uid"] = {claims.node->uid};
  }
  return authenticated(std::move(caller));
}

bool is_for_us_alone(const std::vector<std::string>& audiences) {
  return std::ranges::all_of(audiences, [](const std::string& each) { return each == token_issuer; });
}

} // namespace

result<std::shared_ptr<const token_authority>>
token_authority::open(net::signing_key key, const storage::store& store, random_source& random) {
  auto shown = net::web_key::from_pem(key.public_pem);
  if (!shown) return shown.error();
  return std::shared_ptr<const token_authority>(
      new token_authority(std::move(key), std::move(*shown), store, random));
}

result<issued_token> token_authority::issue(const token_order& order) const {
  const wall_time now = store_.now();
  const std::int64_t issued = unix_seconds(now);
  const std::vector<std::string> audiences =
      order.audiences.empty() ? std::vector<std::string>{std::string(token_issuer)} : order.audiences;
  json bound = {{"namespace", order.space}, {"serviceaccount", named(order.account)}};
  if (order.pod) bound["pod"] = named(*order.pod);
  if (order.secret) bound["secret"] = named(*order.secret);
  if (order.node) bound["node"] = named(*order.node);
  std::chrono::seconds lifetime = order.lifetime;
  // Programs that never read their token again get a year; what is past `warnafter` is theirs.
  if (order.pod && order.lifetime == transition_lifetime && is_for_us_alone(audiences)) {
    bound["warnafter"] = issued + lifetime.count();
    lifetime = extended_lifetime;
  }
  const json claims = {{"iss", token_issuer},
                       {"aud", audiences},
                       {"sub", service_account_user(order.space, order.account.name)},
                       {"iat", issued},
                       {"nbf", issued},
                       {"exp", issued + lifetime.count()},
                       {"jti", new_uuid(random_)},
                       {"kubernetes.io", std::move(bound)}};
  auto token = net::sign_token(key_, claims.dump());
  if (!token) return token.error();
  return issued_token{std::move(*token), now + order.lifetime};
}

result<std::string> token_authority::issue_legacy(const std::string& space, const token_object& account,
                                                  const std::string& secret) const {
  return net::sign_token(key_, json{{"iss", legacy_issuer},
                                    {"sub", service_account_user(space, account.name)},
                                    {"kubernetes.io/serviceaccount/namespace", space},
                                    {"kubernetes.io/serviceaccount/secret.name", secret},
                                    {"kubernetes.io/serviceaccount/service-account.name", account.name},
                                    {"kubernetes.io/serviceaccount/service-account.uid", account.uid}}
                                   .dump());
}

result<std::string> token_authority::issue_for_pod(const std::string& space, const std::string& account,
                                                   const token_object& pod, std::string_view audience,
                                                   std::chrono::seconds lifetime) const {
  const schema::resource_type& accounts = schema::builtin("", "serviceaccounts");
  const std::string stored = store_.head({accounts.stored_as, space, account});
  if (stored.empty()) return object_not_found(accounts, account);
  const auto view = schema::object_view::open(stored);
  if (!view) return view.error();
  token_order order{
      .space = space, .account = {account, std::string(view->uid())}, .lifetime = lifetime, .pod = pod};
  if (!audience.empty()) order.audiences.emplace_back(audience);
  const auto reads = store_.read();
  if (const auto running =
          schema::object_view::open(reads->get({schema::builtin("", "pods").stored_as, space, pod.name})))
    order.node = node_of_pod(*reads, running->node_name());
  auto issued = issue(order);
  if (!issued) return issued.error();
  return std::move(issued->token);
}

std::shared_ptr<const token_claims> token_authority::verified_claims(std::string_view token,
                                                                     identity_verdict& verdict) const {
  const net::sha256_digest digest = net::sha256(token);
  if (auto known = known_.find(digest)) return known;
  const auto parsed = net::parse_web_token(token);
  auto claims = parsed ? claims_of(parsed->claims) : std::nullopt;
  if (!claims) return nullptr; // of another kind: `verdict` stays "nobody"
  if (!net::verify_token(public_key_, token)) {
    verdict = identity_verdict::refused();
    return nullptr;
  }
  claims->caller = caller_of(*claims);
  auto kept = std::make_shared<const token_claims>(std::move(*claims));
  known_.remember(digest, kept);
  return kept;
}

identity_verdict token_authority::check(std::string_view token,
                                        std::span<const std::string> audiences) const {
  identity_verdict verdict;
  const auto claims = verified_claims(token, verdict);
  if (!claims) return verdict;
  const wall_time now = store_.now();
  if (!claims->legacy && claims->expires <= unix_seconds(now))
    return identity_verdict::refused("service account token has expired");
  if (claims->not_before > unix_seconds(now) + start_leeway_s)
    return identity_verdict::refused("service account token is not valid yet");
  static const std::vector<std::string> us{std::string(token_issuer)};
  const std::vector<std::string>& meant_for = claims->audiences.empty() ? us : claims->audiences;
  for (const std::string& each : meant_for)
    if (std::ranges::find(audiences, each) != audiences.end()) verdict.audiences.push_back(each);
  if (verdict.audiences.empty())
    return identity_verdict::refused(fmt::format("token audiences {} is invalid for the target audiences {}",
                                                 describe_list(meant_for),
                                                 describe_list({audiences.begin(), audiences.end()})));
  if (auto why = token_witness(*store_.read(), *claims, now).objection(token))
    return identity_verdict::refused(std::move(*why));
  verdict.what = identity_verdict::outcome::known;
  verdict.caller = claims->caller;
  return verdict;
}

std::optional<token_object> node_of_pod(const storage::snapshot& reads, std::string_view node_name) {
  if (node_name.empty()) return {};
  token_object node{std::string(node_name), {}};
  const auto view =
      schema::object_view::open(reads.get({schema::builtin("", "nodes").stored_as, {}, node.name}));
  if (view) node.uid = view->uid();
  return node;
}

} // namespace actord::actors
