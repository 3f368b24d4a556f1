#include "net/proxy/tls_client_filter.hpp"

#include "net/proxy/tls_client_terms.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>

namespace actord::net {
namespace {

/// Why a server is not believed, in the words of Kubernetes.
std::string disbelief(long verdict) {
  switch (verdict) {
  case X509_V_ERR_HOSTNAME_MISMATCH:
    return "certificate is not valid for the name of the service";
  case X509_V_ERR_CERT_HAS_EXPIRED:
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return "certificate has expired or is not yet valid";
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    return "certificate signed by unknown authority";
  default:
    return ::X509_verify_cert_error_string(verdict);
  }
}

SSL_CTX* client_context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* made = ::SSL_CTX_new(::TLS_client_method());
    ALWAYS(made != nullptr);
    ::SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
    ::SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
    ::SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return made;
  }();
  return context;
}

} // namespace

error tls_client_filter::failed() const {
  const unsigned long code = ::ERR_get_error();
  std::array<char, 256> text{};
  ::ERR_error_string_n(code, text.data(), text.size());
  ::ERR_clear_error();
  const long verdict = ::SSL_get_verify_result(connection_.get());
  const bool disbelieved =
      verdict != X509_V_OK && (::SSL_get_verify_mode(connection_.get()) & SSL_VERIFY_PEER) != 0;
  return error{.kind = error_kind::unavailable,
               .message = disbelieved
                              ? "tls: failed to verify certificate: x509: " + disbelief(verdict)
                              : std::string("tls: ") + (code == 0 ? "the connection was cut" : text.data())};
}

void tls_client_filter::release::operator()(SSL* connection) const { ::SSL_free(connection); }

tls_client_filter::tls_client_filter(const std::string& server_name, const tls_client_terms* terms)
    : connection_(terms == nullptr ? ::SSL_new(client_context()) : terms->connect(server_name)) {
  ALWAYS(connection_);
  ::SSL_set_bio(connection_.get(), ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem())); // theirs from here on
  ::SSL_set_connect_state(connection_.get());
  if (!server_name.empty()) ::SSL_set_tlsext_host_name(connection_.get(), server_name.c_str());
  std::string nothing;
  static_cast<void>(advance(nothing)); // the first message of the handshake
}

tls_client_filter::~tls_client_filter() = default;

result<void> tls_client_filter::put(std::string_view encrypted, std::string& plain) {
  while (!encrypted.empty()) {
    const int taken =
        ::BIO_write(::SSL_get_rbio(connection_.get()), encrypted.data(), static_cast<int>(encrypted.size()));
    if (taken <= 0) return failed();
    encrypted.remove_prefix(static_cast<std::size_t>(taken));
  }
  return advance(plain);
}

result<void> tls_client_filter::advance(std::string& plain) {
  if (!ready_) {
    const int step = ::SSL_do_handshake(connection_.get());
    if (step != 1) {
      const int why = ::SSL_get_error(connection_.get(), step);
      return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? result<void>() : failed();
    }
    ready_ = true;
    if (auto sent = send({}); !sent) return sent;
  }
  std::array<char, 16384> piece;
  while (true) {
    const int count = ::SSL_read(connection_.get(), piece.data(), static_cast<int>(piece.size()));
    if (count > 0) {
      plain.append(piece.data(), static_cast<std::size_t>(count));
      continue;
    }
    const int why = ::SSL_get_error(connection_.get(), count);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return {};
    if (why != SSL_ERROR_ZERO_RETURN) return failed();
    peer_finished_ = true;
    return {};
  }
}

result<void> tls_client_filter::send(std::string_view plain) {
  unsent_ += plain;
  if (!ready_) return {};
  // Memory never blocks: a write is whole or has failed.
  if (!unsent_.empty()) {
    const int count = ::SSL_write(connection_.get(), unsent_.data(), static_cast<int>(unsent_.size()));
    if (count != static_cast<int>(unsent_.size())) return failed();
    unsent_.clear();
  }
  if (finishing_) ::SSL_shutdown(connection_.get());
  return {};
}

void tls_client_filter::finish() {
  finishing_ = true;
  static_cast<void>(send({}));
}

std::string tls_client_filter::take_output() {
  BIO* const out = ::SSL_get_wbio(connection_.get());
  std::string bytes(::BIO_ctrl_pending(out), '\0');
  if (!bytes.empty()) ::BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

} // namespace actord::net
