#pragma once

#include "net/http/tls_channel.hpp"
#include "net/pki/node_certificate.hpp"
#include "schema/base/clock.hpp"

#include <openssl/types.h>

#include <span>
#include <string>
#include <string_view>

namespace actord::net {

enum class peer_side : std::uint8_t { accepted, dialed };

/// TLS between nodes over a non-blocking socket that somebody else owns and watches.
class peer_channel {
public:
  /// `now` is the time at which certificates must be valid.
  peer_channel(SSL_CTX* context, int socket, peer_side side, wall_time now);
  ~peer_channel();
  peer_channel(const peer_channel&) = delete;
  peer_channel& operator=(const peer_channel&) = delete;

  channel_step handshake();
  channel_step read(std::span<char> into);
  /// Repeat with the same bytes (more may follow them) until it moves some.
  channel_step write(std::string_view bytes);

  /// After `ended`: what for, in words for a log. "" when the peer closed in good order.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// After the handshake: who the certificate says the other end is.
  [[nodiscard]] result<node_identity> peer() const;

private:
  friend int check_peer(X509_STORE_CTX* verification, void*);
  channel_step step_of(int outcome);

  SSL* connection_;
  std::string refusal_; ///< ours, of the peer's certificate
  std::string failure_;
};

} // namespace actord::net
