#pragma once

#include "net/pki/certificates.hpp"
#include "net/pki/web_key.hpp"

#include <optional>
#include <string>
#include <string_view>

/// JSON web tokens (RFC 7515, RFC 7519): the form of service-account tokens and of those of identity
/// providers. What the claims mean is the caller's business.

namespace actord::net {

/// A token taken apart; nothing of it is to be believed before its signature is checked. Views the token's
/// text.
struct web_token {
  std::string algorithm;
  std::string key_id; ///< empty when the token names none
  std::string claims; ///< a JSON object in text
  std::string signature;
  std::string_view signed_part;
};

/// None for text that is no web token, and for one that wants something said in its header understood
/// (`crit`).
std::optional<web_token> parse_web_token(std::string_view token);

/// Signs with our P-256 key, which the header names. `claims` is a JSON object in text.
result<std::string> sign_token(const signing_key& key, std::string_view claims);

/// The claims of a token that `sign_token` made with that key; `unauthorized` for any other.
result<std::string> verify_token(const web_key& key, std::string_view token);

} // namespace actord::net
