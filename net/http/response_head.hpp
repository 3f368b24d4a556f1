#pragma once

#include "net/http/http_server.hpp"
#include "schema/base/control_scan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The text before a response's body.

namespace actord::net {

/// How the end of the body is told.
enum class body_framing {
  length,   ///< content-length
  chunked,  ///< transfer-encoding: chunked
  to_close, ///< the end of the connection (HTTP/1.0 clients)
  none,     ///< there cannot be one (204, 304)
  switched, ///< what follows is another protocol (101)
};

struct head_facts {
  body_framing framing = body_framing::length;
  std::uint64_t length = 0;
  bool keep_alive = true;
  std::string_view date; ///< value of the Date header, empty for none
};

/// Header names that are no tokens are left out, control characters in values become spaces: whatever a value
/// came from, it cannot start a line of its own. Framing headers come from `facts` only.
std::string render_head(const http_response& response, const head_facts& facts);

std::string_view reason_phrase(int code);

/// Whether a name can be a header's.
bool is_token(std::string_view name);
/// Whether a character may not stand in a header's value.
inline bool is_control(char character) {
  const auto byte = static_cast<unsigned char>(character);
  return (byte < 0x20 && character != '\t') || byte == 0x7F;
}
/// Whether a header's value has one.
inline bool has_control(std::string_view value) {
  constexpr unsigned char deletion = 0x7F;
  for (std::size_t at = find_control_or(value, 0, deletion, deletion); at != value.size();
       at = find_control_or(value, at + 1, deletion, deletion))
    if (value[at] != '\t') return true;
  return false;
}
/// Headers about the message's framing or its connection, which are this side's to set.
bool is_framing_header(std::string_view name);

} // namespace actord::net
