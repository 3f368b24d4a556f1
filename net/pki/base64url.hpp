#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace actord::net {

/// Base 64 with the URL-safe alphabet and without padding (RFC 4648 section 5): the form of web tokens.
std::string base64url(std::string_view bytes);
/// None for text that holds anything but the alphabet.
std::optional<std::string> from_base64url(std::string_view text);

} // namespace actord::net
