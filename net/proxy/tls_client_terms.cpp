#include "net/proxy/tls_client_terms.hpp"

#include "net/pki/openssl_handles.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace actord::net {
namespace {

error unusable(const char* what) {
  ::ERR_clear_error();
  return {.kind = error_kind::bad_request, .message = what};
}

bool believe(SSL_CTX* context, const std::string& authority_pem) {
  X509_STORE* const store = ::SSL_CTX_get_cert_store(context);
  std::size_t believed = 0;
  for (const std::string& pem : split_certificates(authority_pem)) {
    const certificate_handle certificate = parse_certificate(pem);
    if (!certificate || ::X509_STORE_add_cert(store, certificate.get()) != 1) return false;
    ++believed;
  }
  // A certificate that is named here is believed itself, whoever signed it.
  ::X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return believed > 0;
}

bool identify(SSL_CTX* context, const certified_key& identity) {
  const certificate_handle certificate = parse_certificate(identity.certificate_pem);
  const key_handle key = parse_private_key(identity.key_pem);
  return certificate && key && ::SSL_CTX_use_certificate(context, certificate.get()) == 1 &&
         ::SSL_CTX_use_PrivateKey(context, key.get()) == 1 && ::SSL_CTX_check_private_key(context) == 1;
}

} // namespace

void tls_client_terms::release::operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }

result<std::shared_ptr<const tls_client_terms>> tls_client_terms::make(const wishes& what) {
  context_handle context(::SSL_CTX_new(::TLS_client_method()));
  ALWAYS(context);
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Each connection is for one request: nothing to resume.
  ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_verify(context.get(), what.believes_any ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (!what.believes_any) {
    if (what.authority_pem.empty() && ::SSL_CTX_set_default_verify_paths(context.get()) != 1)
      return unusable("the machine has no authorities");
    if (!what.authority_pem.empty() && !believe(context.get(), what.authority_pem))
      return unusable("unable to load root certificates: unable to parse bytes as PEM block");
  }
  if (!what.identity.certificate_pem.empty() && !identify(context.get(), what.identity))
    return unusable("the client certificate and its key cannot be used");
  return std::shared_ptr<const tls_client_terms>(
      new tls_client_terms(std::move(context), !what.believes_any));
}

SSL* tls_client_terms::connect(const std::string& server_name) const {
  SSL* const connection = ::SSL_new(context_.get());
  ALWAYS(connection != nullptr);
  if (verifies_) {
    ALWAYS(!server_name.empty()); // an empty one would mean any
    ::SSL_set_hostflags(connection,
                        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    ALWAYS(::SSL_set1_host(connection, server_name.c_str()) == 1);
  }
  return connection;
}

} // namespace actord::net
