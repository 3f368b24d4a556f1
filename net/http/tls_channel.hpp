#pragma once

#include "net/http/http_server.hpp"

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace actord::net {

/// What a step on the channel led to. `count` bytes were moved; then it would block on the socket's named
/// side, go on, or never go on.
struct channel_step {
  enum class state { progress, needs_read, needs_write, ended };
  state next = state::progress;
  std::size_t count = 0;
};

/// TLS over a non-blocking socket that somebody else owns and watches. OpenSSL's buffers exist only while
/// bytes are in flight, which is what keeps an idle connection small. Never raises SIGPIPE.
class tls_channel {
public:
  tls_channel(SSL_CTX* context, int socket);
  ~tls_channel();
  tls_channel(const tls_channel&) = delete;
  tls_channel& operator=(const tls_channel&) = delete;

  channel_step handshake();
  channel_step read(std::span<char> into);
  /// Repeat with the same bytes (more may follow them) until it moves some.
  /// With `more_follows` they may wait in the kernel until they fill a segment or a write that
  /// nothing follows, or until TCP_NODELAY is set again.
  channel_step write(std::string_view bytes, bool more_follows);
  /// Tells the peer that nothing follows; best effort.
  void say_goodbye();
  /// Bytes have arrived that the next `read` gives without the socket.
  [[nodiscard]] bool has_buffered_input() const;
  /// The peer ended its side in good order; it may still be reading.
  [[nodiscard]] bool peer_said_goodbye() const;
  [[nodiscard]] peer_identity identity() const;
  /// What was agreed on by ALPN, "h2" or "http/1.1"; empty when the client did not ask.
  [[nodiscard]] std::string_view protocol() const;

private:
  channel_step step_of(int outcome);

  SSL* connection_;
};

} // namespace actord::net
