#pragma once

#include "net/pki/certificates.hpp"
#include "schema/base/result.hpp"

#include <openssl/types.h>

#include <memory>
#include <string>

namespace actord::net {

/// Whom a TLS client believes and who it says it is: made once, used by many connections, from any thread.
///
/// A server is believed when a believed authority signed its certificate and the certificate names (as an
/// alternative name, never as the common name) the host that was meant.
class tls_client_terms {
public:
  struct wishes {
    std::string authority_pem;   ///< one or more; empty: the machine's authorities
    bool believes_any = false;   ///< whoever answers, by whatever name
    certified_key identity = {}; ///< shown to servers that ask; empty for none
  };
  /// `bad_request` with the reason: authorities or identity that cannot be read.
  static result<std::shared_ptr<const tls_client_terms>> make(const wishes& what);

  /// A connection that expects `server_name` at the other end; the caller's to free.
  [[nodiscard]] SSL* connect(const std::string& server_name) const;

private:
  struct release {
    void operator()(SSL_CTX* context) const;
  };
  using context_handle = std::unique_ptr<SSL_CTX, release>;
  tls_client_terms(context_handle context, bool verifies)
      : context_(std::move(context)), verifies_(verifies) {}

  context_handle context_;
  bool verifies_;
};

} // namespace actord::net
