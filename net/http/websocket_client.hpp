#pragma once

#include "net/http/http_client.hpp"
#include "schema/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// RFC 6455, the client's side, for one thread that polls.

namespace actord::net {

inline constexpr std::size_t websocket_message_max_bytes = std::size_t{16} << 20;

/// A frame of a client: whole, binary, masked with the key's four bytes.
std::string client_frame(unsigned char opcode, std::string_view payload, std::uint32_t mask);

/// Puts a server's frames together to messages.
class server_frames {
public:
  struct message {
    unsigned char opcode = 0; ///< 1 text, 2 binary, 8 close, 9 ping, 10 pong
    std::string payload;
  };
  /// Appends what came. Errors are breaches of the protocol.
  result<void> put(std::string_view bytes);
  /// The next whole message or control frame.
  std::optional<message> next();

private:
  result<bool> take_frame();

  std::string unread_;
  std::string partial_; ///< of a message in fragments
  unsigned char partial_opcode_ = 0;
  std::vector<message> ready_;
  std::size_t taken_ = 0;
};

class websocket_client {
public:
  virtual ~websocket_client() = default;

  [[nodiscard]] virtual const std::string& protocol() const = 0;
  /// To be polled for input, and for output while something is pending.
  [[nodiscard]] virtual int descriptor() const = 0;
  /// Queues a binary message and sends what can be sent.
  virtual void send(std::string_view payload) = 0;
  virtual result<void> flush() = 0;
  [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
  /// The next message; nothing while none has come. Read until then before polling.
  virtual result<std::optional<std::string>> receive() = 0;
  /// The server has closed.
  [[nodiscard]] virtual bool closed() const = 0;
};

/// The socket, or the answer that refused it.
struct websocket_opening {
  client_answer answer;
  std::unique_ptr<websocket_client> socket; ///< null unless the code is 101
};

result<websocket_opening> open_websocket(const http_client_options& options, const std::string& target,
                                         const std::vector<std::string>& protocols);

} // namespace actord::net
