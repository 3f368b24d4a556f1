#pragma once

#include "net/pki/certificates.hpp"

#include <string>
#include <string_view>

/// JSON web tokens signed with ES256 (RFC 7515, RFC 7518): the form of service-account tokens. What the
/// claims mean is the caller's business.

namespace actord::net {

/// `claims` is a JSON object in text.
result<std::string> sign_token(const signing_key& key, std::string_view claims);

/// The claims of a token whose signature is the key's; `unauthorized` for any other.
result<std::string> verify_token(std::string_view public_pem, std::string_view token);

} // namespace actord::net
