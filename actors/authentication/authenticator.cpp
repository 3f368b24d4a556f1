#include "actors/authentication/authenticator.hpp"

#include "net/http/http_server.hpp"
#include "net/pki/cluster_pki.hpp"
#include "schema/base/clock.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

constexpr const char* authenticated_group = "system:authenticated";
constexpr const char* unauthenticated_group = "system:unauthenticated";
/// Longer than any token there is; what is longer is not looked at.
constexpr std::size_t token_bytes_max = 64 * 1024;

const std::vector<std::string>& own_audience() {
  static const std::vector<std::string> own{std::string(token_issuer)};
  return own;
}

bool holds(const std::vector<std::string>& list, std::string_view what) {
  return std::ranges::find(list, what) != list.end();
}

/// What follows "Bearer"; none when the header is of another scheme.
std::optional<std::string_view> bearer_of(std::string_view header) {
  constexpr std::string_view scheme = "bearer ";
  if (header.size() < scheme.size()) return {};
  const bool bearer = std::equal(scheme.begin(), scheme.end(), header.begin(), [](char wanted, char sent) {
    return wanted == (sent >= 'A' && sent <= 'Z' ? static_cast<char>(sent - 'A' + 'a') : sent);
  });
  if (!bearer) return {};
  header.remove_prefix(scheme.size());
  while (!header.empty() && header.front() == ' ') header.remove_prefix(1);
  return header;
}

identity_verdict by_certificate(const net::peer_identity& peer) {
  caller_identity caller{.user = peer.common_name, .uid = {}, .groups = peer.organizations, .extra = {}};
  if (!peer.fingerprint.empty()) caller.extra[credential_id] = {"X509SHA256=" + peer.fingerprint};
  return {.what = identity_verdict::outcome::known, .caller = authenticated(std::move(caller))};
}

} // namespace

bool anonymous_terms::allow(std::string_view path) const {
  return enabled && (paths.empty() || holds(paths, path));
}

caller_identity anonymous() {
  return {.user = "system:anonymous", .uid = {}, .groups = {unauthenticated_group}, .extra = {}};
}

caller_identity authenticated(caller_identity identity) {
  if (!holds(identity.groups, authenticated_group)) identity.groups.emplace_back(authenticated_group);
  return identity;
}

identity_verdict authenticator::identify_token(std::string_view token,
                                               std::span<const std::string> audiences) const {
  const std::vector<std::string>& own = own_audience();
  if (audiences.empty()) audiences = own;
  if (token.empty() || token.size() > token_bytes_max) return identity_verdict::refused();
  for (const static_token& known : tokens_) {
    if (!net::token_matches(token, known.token)) continue;
    if (std::ranges::find(audiences, token_issuer) == audiences.end()) return identity_verdict::refused();
    return {
        .what = identity_verdict::outcome::known, .caller = authenticated(known.identity), .audiences = own};
  }
  for (const auto& checker : checkers_) {
    identity_verdict verdict = checker->check(token, audiences);
    if (verdict.what == identity_verdict::outcome::nobody) continue;
    if (verdict.what == identity_verdict::outcome::known)
      verdict.caller = authenticated(std::move(verdict.caller));
    return verdict;
  }
  return identity_verdict::refused();
}

identity_verdict authenticator::identify(const net::http_request& request) const {
  const net::peer_identity& peer = request.peer;
  // The handshake looked at the dates too, but a connection may live longer than its certificate.
  const bool expired = clock_->wall_now() >= peer.expires;
  if (!peer.common_name.empty() && !expired) return by_certificate(peer);
  const std::string_view header = request.header("authorization");
  if (header.empty()) {
    if (peer.refused || expired) return identity_verdict::refused("the client certificate is not valid");
    return anonymous_.allow(request.path) ? identity_verdict::nobody() : identity_verdict::refused();
  }
  const auto token = bearer_of(header);
  // Other schemes are nobody's here; whoever sends one does not mean to be anonymous.
  return token ? identify_token(*token) : identity_verdict::refused();
}

bool authenticator::when_decidable(const net::http_request& request, std::function<void()> ready) const {
  const auto token = bearer_of(request.header("authorization"));
  return token && when_token_decidable(*token, std::move(ready));
}

bool authenticator::when_token_decidable(std::string_view token, std::function<void()> ready) const {
  for (const auto& checker : checkers_)
    if (checker->check(token, own_audience()).what == identity_verdict::outcome::waiting)
      return checker->when_decidable(std::move(ready));
  return false;
}

error not_authenticated() {
  return {.kind = error_kind::unauthorized, .message = "Unauthorized", .causes = {}, .subject = {}};
}

} // namespace actord::actors
