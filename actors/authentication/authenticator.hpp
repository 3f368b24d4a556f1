#pragma once

#include "actors/objects/write_command.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace actord::net {
struct http_request;
}

/// Who sends a request.

namespace actord::actors {

/// What credentials say.
///
///   nobody   there are none: the request is anonymous
///   known    they are `caller`'s
///   refused  there are some, and they are not valid: never anonymous, always 401
///   waiting  they may be valid; keys to tell are being fetched (see `authenticator::when_decidable`)
struct identity_verdict {
  enum class outcome : std::uint8_t { nobody, known, refused, waiting } what = outcome::nobody;
  caller_identity caller = {};
  /// Of a token: those of the audiences asked for that it is meant for.
  std::vector<std::string> audiences = {};
  std::string why = {}; ///< of a refusal, where there is more to say than that it is not valid

  static identity_verdict nobody() { return {}; }
  static identity_verdict refused(std::string why = {}) {
    return {.what = outcome::refused, .why = std::move(why)};
  }
};

/// One kind of bearer token. Any thread.
class token_checker {
public:
  virtual ~token_checker() = default;
  /// `nobody` for a token of another kind. `audiences` are those the asker accepts, at least one.
  [[nodiscard]] virtual identity_verdict check(std::string_view token,
                                               std::span<const std::string> audiences) const = 0;
  /// Calls `ready` once a `waiting` verdict can be given anew; false when there is nothing to wait for or too
  /// many wait already.
  virtual bool when_decidable(std::function<void()>) const { return false; }
};

/// Tokens that are valid whoever shows them.
struct static_token {
  std::string token;
  caller_identity identity;
};

/// Who may come without credentials at all, whatever authorization would say.
struct anonymous_terms {
  bool enabled = true;
  std::vector<std::string> paths = {}; ///< where; empty: everywhere

  [[nodiscard]] bool allow(std::string_view path) const;
};

/// Asks the certificate first, then the token. Copies share the checkers.
class authenticator {
public:
  authenticator(std::vector<static_token> tokens, std::vector<std::shared_ptr<const token_checker>> checkers,
                const clock_source& clock, anonymous_terms anonymous = {})
      : tokens_(std::move(tokens)), checkers_(std::move(checkers)), clock_(&clock),
        anonymous_(std::move(anonymous)) {}

  [[nodiscard]] identity_verdict identify(const net::http_request& request) const;
  /// `audiences` empty means the API server's own.
  [[nodiscard]] identity_verdict identify_token(std::string_view token,
                                                std::span<const std::string> audiences = {}) const;
  /// Calls `ready` once what was `waiting` can be told; false when there is nothing to wait for.
  bool when_decidable(const net::http_request& request, std::function<void()> ready) const;
  bool when_token_decidable(std::string_view token, std::function<void()> ready) const;

private:
  std::vector<static_token> tokens_;
  std::vector<std::shared_ptr<const token_checker>> checkers_;
  const clock_source* clock_;
  anonymous_terms anonymous_;
};

/// Who a request without credentials comes from.
caller_identity anonymous();
/// Everybody who is known is one of system:authenticated.
caller_identity authenticated(caller_identity identity);
error not_authenticated();

/// What every token for the API server itself is meant for, and who issues tokens of service accounts.
inline constexpr std::string_view token_issuer = "https://kubernetes.default.svc.cluster.local";
/// The key of the extra that names the credential: a certificate's hash, a token's id.
inline constexpr const char* credential_id = "authentication.kubernetes.io/credential-id";

} // namespace actord::actors
