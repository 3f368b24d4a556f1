#pragma once

#include "net/http/http_server.hpp"
#include "net/http/upgraded_stream.hpp"
#include "schema/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// RFC 6455, the server's side. No extensions: compressed frames would let a small message grow large.

namespace actord::net {

enum class message_kind : std::uint8_t { text, binary };

/// Close codes of RFC 6455 7.4.1.
namespace websocket_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t none_given = 1005; ///< reported, never sent
inline constexpr std::uint16_t cut_off = 1006;    ///< reported, never sent
inline constexpr std::uint16_t not_text = 1007;
inline constexpr std::uint16_t policy = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
} // namespace websocket_code

/// What the server offers.
struct websocket_terms {
  /// Subprotocols it speaks; the first one of the client's list that is among them is chosen. Empty: the
  /// client's list does not matter and none is chosen.
  std::vector<std::string> protocols;
  /// A client that names no subprotocol at all is let in (with an empty one).
  bool protocol_optional = true;
  std::size_t message_limit_bytes = std::size_t{1024} * 1024; ///< a larger message ends the stream: 1009
};

/// As of upgraded_events: on the connection's thread, one at a time.
struct websocket_events {
  /// A whole message, its fragments put together, text checked to be UTF-8. The view ends with the call.
  std::function<void(message_kind kind, std::string_view payload)> message;
  std::function<void()> drained;
  /// The stream is over; the code is the client's, ours when we refused something, or `cut_off`.
  std::function<void(std::uint16_t code)> closed;
};

/// Begins paused. All calls from any thread; after the end they do nothing. Pings are answered, control
/// frames and masking checked, underneath. Letting go of the last handle before `close` cuts the connection.
class websocket {
public:
  virtual ~websocket() = default;

  [[nodiscard]] virtual const std::string& protocol() const = 0;
  /// Queues one message of `prefix` and `payload` (which is not copied).
  virtual void send(message_kind kind, std::string_view prefix, shared_bytes payload) = 0;
  void send(message_kind kind, shared_bytes payload) { send(kind, {}, std::move(payload)); }
  [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
  /// Stops reading; messages that came in one piece with the current one still follow.
  virtual void pause() = 0;
  virtual void resume() = 0;
  /// Sends what is pending and a close frame, then closes.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
};
using websocket_handle = std::shared_ptr<websocket>;

/// Whether the client asks for a WebSocket: `Connection: Upgrade` and `Upgrade: websocket`.
bool asks_for_websocket(const http_request& request);
/// Whether the client asks to switch to `protocol` ("SPDY/3.1"), in any case of letters.
bool asks_to_upgrade(const http_request& request, std::string_view protocol);
/// The subprotocols of the client's list, in its order.
std::vector<std::string> offered_protocols(const http_request& request);

/// Answers the request with 101 and opens the stream. An error (bad_request; forbidden when no subprotocol
/// fits) leaves the exchange unanswered.
result<websocket_handle> accept_websocket(const http_request& request, http_exchange& exchange,
                                          const websocket_terms& terms, websocket_events events);

} // namespace actord::net
