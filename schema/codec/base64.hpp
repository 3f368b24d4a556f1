#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace actord::schema {

/// Standard alphabet with padding.
std::string encode_base64(std::string_view bytes);
/// Line breaks are skipped. Nothing when it is not base64; `wrong_at` is then the offset Go would name.
std::optional<std::string> decode_base64(std::string_view text, std::size_t& wrong_at);

} // namespace actord::schema
