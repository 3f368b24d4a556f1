#include "net/http/tls_context.hpp"

#include "net/pki/certificate_pool.hpp"
#include "net/pki/certificate_subject.hpp"
#include "net/pki/certificates.hpp"
#include "net/pki/openssl_handles.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <string_view>
#include <vector>

namespace actord::net {

namespace {

constexpr const char* tls_1_2_suites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                       "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                       "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* tls_1_3_suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

constexpr std::size_t certificates_shared = 256;

/// Of what the client showed, the connection keeps its certificate only, and that together with all others of
/// the same client: `X509_verify_cert` is through with the rest.
void keep_only_shared(X509_STORE_CTX* verification) {
  static certificate_pool pool(certificates_shared);
  X509_STORE_CTX_set0_verified_chain(verification, nullptr);
  STACK_OF(X509)* kept = X509_STORE_CTX_get0_untrusted(verification);
  if (sk_X509_num(kept) == 0 || sk_X509_value(kept, 0) != X509_STORE_CTX_get0_cert(verification)) return;
  while (sk_X509_num(kept) > 1) X509_free(sk_X509_pop(kept));
  X509* shown = sk_X509_value(kept, 0);
  X509* shared = pool.shared(*shown).release();
  X509_STORE_CTX_set_cert(verification, shared);
  sk_X509_set(kept, 0, shared);
  X509_free(shown);
}

/// Lets every handshake succeed and leaves the verdict in the connection: a client whose certificate is not
/// good is an anonymous client, which the API answers with 401 instead of a TLS alert nobody understands.
int note_verdict(X509_STORE_CTX* verification, void*) {
  if (X509_verify_cert(verification) > 0) {
    keep_only_shared(verification);
  } else if (X509_STORE_CTX_get_error(verification) == X509_V_OK) {
    X509_STORE_CTX_set_error(verification, X509_V_ERR_UNSPECIFIED);
  }
  return 1;
}

int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
  static constexpr std::string_view ours("\x02h2\x08http/1.1", 12); // the first that the client offers too
  unsigned char* selected = nullptr;
  const int outcome =
      SSL_select_next_proto(&selected, chosen_length, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned int>(ours.size()), offered, offered_length);
  *chosen = selected;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/// The authorities behind the first certificate: who joins a cluster knows it by them.
result<void> show_authorities(SSL_CTX* context, std::string_view certificates_pem) {
  const std::vector<std::string> chain = split_certificates(certificates_pem);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    const certificate_handle authority = parse_certificate(chain[i]);
    if (!authority || SSL_CTX_add1_chain_cert(context, authority.get()) != 1)
      return openssl_error("adding an authority to the server's chain");
  }
  return {};
}

result<void> trust_clients_of(SSL_CTX* context, std::string_view authorities_pem) {
  const bio_handle bio = memory_bio(authorities_pem);
  int count = 0;
  while (true) {
    const certificate_handle authority(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!authority) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return openssl_error("adding a client authority");
    }
    ++count;
  }
  ERR_clear_error();
  if (count == 0)
    return error{.kind = error_kind::internal, .message = "the client authority holds no certificate"};
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, note_verdict, nullptr);
  return {};
}

} // namespace

void tls_context_release::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

result<tls_context> make_server_tls(const tls_server_options& options) {
  tls_context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return openssl_error("creating a TLS context");
  SSL_CTX* tls = context.get();
  SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
  SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(tls, 0);
  SSL_CTX_set_read_ahead(tls, 1);
  if (SSL_CTX_set_cipher_list(tls, tls_1_2_suites) != 1 ||
      SSL_CTX_set_ciphersuites(tls, tls_1_3_suites) != 1) {
    return openssl_error("choosing TLS suites");
  }
  const certificate_handle certificate = parse_certificate(options.certificate_pem);
  const key_handle key = parse_private_key(options.key_pem);
  if (!certificate || !key || SSL_CTX_use_certificate(tls, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(tls, key.get()) != 1 || SSL_CTX_check_private_key(tls) != 1) {
    return openssl_error("reading the server certificate");
  }
  if (auto shown = show_authorities(tls, options.certificate_pem); !shown) return shown.error();
  if (!options.client_ca_pem.empty()) {
    if (auto trusted = trust_clients_of(tls, options.client_ca_pem); !trusted) return trusted.error();
  }
  SSL_CTX_set_alpn_select_cb(tls, select_protocol, nullptr);
  return context;
}

peer_identity identity_of(const SSL* connection) {
  X509* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr) return {};
  peer_identity peer;
  if (SSL_get_verify_result(connection) != X509_V_OK) {
    peer.refused = true;
    return peer;
  }
  certificate_subject subject = subject_of(certificate);
  peer.common_name = std::move(subject.common_name);
  peer.organizations = std::move(subject.organizations);
  peer.fingerprint = fingerprint_of(certificate);
  peer.expires = expiry_of(certificate);
  return peer;
}

} // namespace actord::net
