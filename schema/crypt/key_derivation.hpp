#pragma once

#include "schema/base/result.hpp"
#include "schema/crypt/text_cipher.hpp"

#include <string_view>

namespace actord::schema {

/// HKDF-SHA256 (RFC 5869) with one block of output: keys for several purposes from one secret. Two purposes
/// give two keys that say nothing about each other. `salt` may be empty.
result<cipher_key> derive_cipher_key(std::string_view secret, std::string_view salt,
                                     std::string_view purpose);

} // namespace actord::schema
