#pragma once

#include "actors/authentication/authenticator.hpp"
#include "actors/authentication/openid_options.hpp"
#include "actors/authentication/verified_tokens.hpp"
#include "net/identity/issuer_keys.hpp"

namespace actord::actors {

/// How tokens may be signed at all.
std::vector<std::string> openid_algorithms();

/// Checks what was given on the command line, for a clear message at the start.
result<void> check_openid_options(const openid_options& options);

/// Tokens of an OpenID Connect provider. Names that begin with "system:" are this cluster's own: a provider
/// cannot give them.
class openid_tokens final : public token_checker {
public:
  openid_tokens(openid_options options, std::unique_ptr<net::issuer_keys> keys, const clock_source& clock)
      : options_(std::move(options)), keys_(std::move(keys)), clock_(clock) {}

  [[nodiscard]] identity_verdict check(std::string_view token,
                                       std::span<const std::string> audiences) const override;
  /// Before what its waiters hold on to ends.
  void stop() const { keys_->stop(); }
  bool when_decidable(std::function<void()> ready) const override { return keys_->renew(std::move(ready)); }

private:
  struct verified {
    net::issuer_keys::key_list keys; ///< those that were known then: with others it is checked again
    std::string claims;
  };

  [[nodiscard]] identity_verdict check_signature(std::string_view token, std::string& claims) const;

  openid_options options_;
  std::unique_ptr<net::issuer_keys> keys_;
  const clock_source& clock_;
  mutable verified_tokens<verified> known_;
};

/// Who the claims of a token with a good signature are. Pure.
identity_verdict openid_identity(const openid_options& options, const std::string& claims, wall_time now);

} // namespace actord::actors
