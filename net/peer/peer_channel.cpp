#include "net/peer/peer_channel.hpp"

#include "net/peer/peer_tls.hpp"
#include "net/pki/certificate_subject.hpp"
#include "net/pki/openssl_handles.hpp"
#include "net/pki/socket_bio.hpp"
#include "net/pki/x509_parts.hpp"
#include "schema/base/always.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>

namespace actord::net {

namespace {

/// A certificate with its chain is far smaller; a stranger may not make us hold more.
constexpr long certificate_bytes_max = 32 * 1024;

int channel_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

result<void> trust(SSL_CTX* context, std::string_view authorities_pem) {
  const bio_handle bio = memory_bio(authorities_pem);
  int count = 0;
  while (true) {
    const certificate_handle authority(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!authority) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1) {
      return openssl_error("adding an authority");
    }
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return error{.kind = error_kind::bad_request, .message = "there is no authority to trust"};
  return {};
}

} // namespace

int check_peer(X509_STORE_CTX* verification, void*) {
  auto* const connection =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const channel = static_cast<peer_channel*>(SSL_get_ex_data(connection, channel_slot()));
  ALWAYS(channel != nullptr);
  const certificate_subject subject = subject_of(X509_STORE_CTX_get0_cert(verification));
  if (X509_verify_cert(verification) <= 0) {
    channel->refusal_ = "the certificate of \"" + subject.common_name + "\" is not good: " +
                        X509_verify_cert_error_string(X509_STORE_CTX_get_error(verification));
    return 0;
  }
  const auto node = node_of(X509_STORE_CTX_get0_cert(verification));
  if (node) return 1;
  channel->refusal_ = node.error().message;
  X509_STORE_CTX_set_error(verification, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

result<tls_context> make_peer_tls(const peer_credentials& credentials) {
  tls_context context(SSL_CTX_new(TLS_method()));
  if (!context) return openssl_error("creating a TLS context");
  SSL_CTX* const tls = context.get();
  SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
  SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(tls, 0);
  SSL_CTX_set_read_ahead(tls, 1);
  SSL_CTX_set_max_cert_list(tls, certificate_bytes_max);
  if (SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384") != 1) {
    return openssl_error("choosing TLS suites");
  }
  const certificate_handle certificate = parse_certificate(credentials.own.certificate_pem);
  const key_handle key = parse_private_key(credentials.own.key_pem);
  if (!certificate || !key || SSL_CTX_use_certificate(tls, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(tls, key.get()) != 1 || SSL_CTX_check_private_key(tls) != 1) {
    return openssl_error("reading the node's certificate");
  }
  if (auto trusted = trust(tls, credentials.authorities_pem); !trusted) return trusted.error();
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(tls, check_peer, nullptr);
  return context;
}

result<node_identity> owner_of(const peer_credentials& credentials) {
  const certificate_handle certificate = parse_certificate(credentials.own.certificate_pem);
  if (!certificate) return openssl_error("reading the node's certificate");
  return node_of(certificate.get());
}

result<node_identity> node_of(const X509* certificate) {
  const auto pem = certificate_pem_of(const_cast<X509*>(certificate)); // NOLINT: OpenSSL only reads it
  if (!pem) return pem.error();
  const auto facts = read_certificate(*pem);
  if (!facts) return facts.error();
  auto node = node_identity_of(*facts);
  if (node) return *std::move(node);
  return error{.kind = error_kind::forbidden,
               .message = "the certificate of \"" + facts->subject.common_name + "\" is not a node's"};
}

peer_channel::peer_channel(SSL_CTX* context, int socket, peer_side side, wall_time now)
    : connection_(SSL_new(context)) {
  BIO* bio = make_socket_bio(socket);
  ALWAYS(connection_ != nullptr && bio != nullptr);
  SSL_set_bio(connection_, bio, bio);
  ALWAYS(SSL_set_ex_data(connection_, channel_slot(), this) == 1);
  X509_VERIFY_PARAM_set_time(
      SSL_get0_param(connection_),
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
  if (side == peer_side::accepted) {
    SSL_set_accept_state(connection_);
  } else {
    SSL_set_connect_state(connection_);
  }
}

peer_channel::~peer_channel() { SSL_free(connection_); }

channel_step peer_channel::step_of(int outcome) {
  using state = channel_step::state;
  if (outcome > 0) return {.next = state::progress, .count = static_cast<std::size_t>(outcome)};
  const int reason = SSL_get_error(connection_, outcome);
  if (reason == SSL_ERROR_WANT_READ) return {.next = state::needs_read};
  if (reason == SSL_ERROR_WANT_WRITE) return {.next = state::needs_write};
  const int system = errno;
  const unsigned long code = ERR_peek_error();
  if (!refusal_.empty()) {
    failure_ = refusal_;
  } else if (reason == SSL_ERROR_SSL && code != 0) {
    const char* const text = ERR_reason_error_string(code);
    failure_ = ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING
                   ? "closed"
                   : "TLS: " + std::string(text != nullptr ? text : "unknown failure");
  } else if (reason == SSL_ERROR_SYSCALL && system != 0) {
    failure_ = std::strerror(system); // NOLINT(concurrency-mt-unsafe): glibc's is safe
  } else if (reason != SSL_ERROR_ZERO_RETURN) {
    failure_ = "closed";
  }
  ERR_clear_error();
  return {.next = state::ended};
}

channel_step peer_channel::handshake() {
  ERR_clear_error();
  errno = 0;
  channel_step step = step_of(SSL_do_handshake(connection_));
  step.count = 0;
  return step;
}

channel_step peer_channel::read(std::span<char> into) {
  ERR_clear_error();
  errno = 0;
  return step_of(SSL_read(connection_, into.data(), static_cast<int>(into.size())));
}

channel_step peer_channel::write(std::string_view bytes) {
  ERR_clear_error();
  errno = 0;
  return step_of(SSL_write(connection_, bytes.data(), static_cast<int>(bytes.size())));
}

result<node_identity> peer_channel::peer() const {
  const X509* const certificate = SSL_get0_peer_certificate(connection_);
  if (certificate == nullptr) return error{.kind = error_kind::forbidden, .message = "no certificate"};
  return node_of(certificate);
}

} // namespace actord::net
