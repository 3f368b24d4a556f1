#pragma once

#include "actors/authentication/authenticator.hpp"
#include "actors/authentication/verified_tokens.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/web_key.hpp"
#include "schema/base/clock.hpp"

#include <optional>
#include <string>
#include <vector>

namespace actord::storage {
class snapshot;
class store;
} // namespace actord::storage

namespace actord::actors {

/// An object as a token names it.
struct token_object {
  std::string name;
  std::string uid;

  bool operator==(const token_object&) const = default;
};

/// What a service-account token is for.
struct token_order {
  std::string space;
  token_object account;
  std::vector<std::string> audiences = {}; ///< empty: the API server itself
  std::chrono::seconds lifetime{3600};
  /// At most one of pod, secret and node binds the token: it dies with it. With a pod, `node` only tells
  /// where that runs (a uid may be missing).
  std::optional<token_object> pod = {};
  std::optional<token_object> secret = {};
  std::optional<token_object> node = {};
};

struct issued_token {
  std::string token;
  wall_time expires; ///< as its holder is told
};

/// What a token says once its signature is checked.
struct token_claims {
  bool legacy = false; ///< of a secret: no expiry, the secret's text must be this very token
  std::string subject;
  std::string space;
  token_object account;
  std::vector<std::string> audiences;
  std::int64_t not_before = 0;
  std::int64_t expires = 0; ///< seconds since 1970
  std::string id;
  std::optional<token_object> pod;
  std::optional<token_object> secret;
  std::optional<token_object> node;
  caller_identity caller; ///< whom all this makes the holder
};

/// Issues and checks the tokens of service accounts, in Kubernetes' form. A token names its account and what
/// it is bound to by uid: it is good only while all of it is there, which is looked up at each use.
/// Signatures are remembered, so a token that comes again costs a hash and two or three look-ups.
class token_authority final : public token_checker {
public:
  static result<std::shared_ptr<const token_authority>>
  open(net::signing_key key, const storage::store& store, random_source& random);

  [[nodiscard]] result<issued_token> issue(const token_order& order) const;
  /// The token of a secret of type kubernetes.io/service-account-token.
  [[nodiscard]] result<std::string> issue_legacy(const std::string& space, const token_object& account,
                                                 const std::string& secret) const;
  /// The token a node puts into a pod.
  [[nodiscard]] result<std::string> issue_for_pod(const std::string& space, const std::string& account,
                                                  const token_object& pod, std::string_view audience,
                                                  std::chrono::seconds lifetime) const;

  [[nodiscard]] identity_verdict check(std::string_view token,
                                       std::span<const std::string> audiences) const override;
  /// The public half, for those who check tokens themselves.
  [[nodiscard]] const net::web_key& key() const { return public_key_; }

private:
  token_authority(net::signing_key key, net::web_key public_key, const storage::store& store,
                  random_source& random)
      : key_(std::move(key)), public_key_(std::move(public_key)), store_(store), random_(random) {}

  [[nodiscard]] std::shared_ptr<const token_claims> verified_claims(std::string_view token,
                                                                    identity_verdict& verdict) const;

  net::signing_key key_;
  net::web_key public_key_;
  const storage::store& store_;
  random_source& random_;
  mutable verified_tokens<token_claims> known_;
};

/// The node of a pod, as a token shows it; none while the pod has none.
std::optional<token_object> node_of_pod(const storage::snapshot& reads, std::string_view node_name);

/// A lifetime that asks for the long transition: old programs read their token once and keep it.
inline constexpr std::chrono::seconds transition_lifetime{3607};

} // namespace actord::actors
