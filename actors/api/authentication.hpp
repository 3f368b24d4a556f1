#pragma once

#include "actors/objects/write_command.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace actord::net {
struct http_request;
}

/// Who sends a request, and what they may do.

namespace actord::actors {

/// Tokens that are valid whoever shows them.
struct static_token {
  std::string token;
  caller_identity identity;
};

class authenticator {
public:
  /// `verify` answers for tokens that are none of the static ones (service accounts); may be null.
  using token_verifier = std::function<std::optional<caller_identity>(std::string_view token)>;

  authenticator(std::vector<static_token> tokens, token_verifier verify)
      : tokens_(std::move(tokens)), verify_(std::move(verify)) {}

  /// By client certificate, else by bearer token. None: the request is anonymous, or shows what is not valid.
  [[nodiscard]] std::optional<caller_identity> identify(const net::http_request& request) const;
  [[nodiscard]] std::optional<caller_identity> identify_token(std::string_view token) const;

private:
  std::vector<static_token> tokens_;
  token_verifier verify_;
};

/// The question of an authorization check.
struct access_question {
  std::string verb;
  std::string group;
  std::string resource; ///< plural, with "/subresource"
  std::string space;
  std::string name;
  std::string path; ///< instead of a resource, for everything else
};

/// Until roles are evaluated: the administrators' group and this cluster's nodes may do everything, nobody
/// else anything.
bool is_allowed(const caller_identity& caller, const access_question& question);
/// Whom the request speaks for: the caller, or, with Impersonate-User and -Group, somebody the caller may act
/// as.
result<caller_identity> acting_identity(const net::http_request& request, caller_identity caller);
error access_denied(const caller_identity& caller, const access_question& question);
error not_authenticated();

} // namespace actord::actors
