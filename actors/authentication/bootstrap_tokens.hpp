#pragma once

#include "actors/authentication/authenticator.hpp"

namespace actord::storage {
class store;
}

namespace actord::actors {

/// Tokens of the form `abcdef.0123456789abcdef` that let a machine join: each is a secret
/// `kube-system/bootstrap-token-abcdef`. They make a user system:bootstrap:abcdef of system:bootstrappers and
/// of the groups the secret names.
class bootstrap_tokens final : public token_checker {
public:
  explicit bootstrap_tokens(const storage::store& store) : store_(store) {}

  [[nodiscard]] identity_verdict check(std::string_view token,
                                       std::span<const std::string> audiences) const override;

private:
  const storage::store& store_;
};

inline constexpr const char* bootstrap_secret_type = "bootstrap.kubernetes.io/token";

} // namespace actord::actors
