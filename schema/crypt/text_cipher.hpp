#pragma once

#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// XAES-256-GCM (C2SP): AES-256-GCM under a key derived, for each message, from the first half of a 24-byte
/// random nonce. Random nonces of plain AES-GCM are safe for 2^32 messages under one key; these are for 2^80,
/// so no count of writes ever forces a rotation.

namespace actord::schema {

using cipher_key = std::array<std::uint8_t, 32>;

inline constexpr std::size_t cipher_nonce_bytes = 24;
inline constexpr std::size_t cipher_tag_bytes = 16;

/// nonce, cipher text, tag. `bound` is not in it, and must be the same when it is opened.
result<std::string> seal_text(const cipher_key& key, std::string_view plain, std::string_view bound,
                              random_source& random);
/// None when key, `bound` or any byte is not what it was sealed with.
std::optional<std::string> open_text(const cipher_key& key, std::string_view sealed, std::string_view bound);

/// The same with a nonce of the caller's, for test vectors only: a nonce must never be used twice.
result<std::string> seal_text_with_nonce(const cipher_key& key, std::string_view nonce,
                                         std::string_view plain, std::string_view bound);

} // namespace actord::schema
