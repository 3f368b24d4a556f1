#pragma once

#include "net/http/http_server.hpp"
#include "schema/base/result.hpp"

#include <openssl/types.h>

#include <memory>
#include <string>

namespace actord::net {

struct tls_context_release {
  void operator()(SSL_CTX* context) const;
};
using tls_context = std::unique_ptr<SSL_CTX, tls_context_release>;

/// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only; no renegotiation, no compression,
/// no session tickets (a ticket would keep a revoked client certificate alive). Prefers h2 to http/1.1 by
/// ALPN.
result<tls_context> make_server_tls(const tls_server_options& options);

/// Who the finished handshake says the peer is.
peer_identity identity_of(const SSL* connection);

} // namespace actord::net
