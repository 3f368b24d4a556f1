#include "net/http/tls_channel.hpp"

#include "net/http/tls_context.hpp"
#include "net/pki/socket_bio.hpp"
#include "schema/base/always.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace actord::net {
namespace {

/// What SSL_get_error needs. Clearing what is empty costs as much as the cipher does for a small record.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

} // namespace

tls_channel::tls_channel(SSL_CTX* context, int socket) : connection_(SSL_new(context)) {
  BIO* bio = make_socket_bio(socket);
  ALWAYS(connection_ != nullptr && bio != nullptr);
  SSL_set_bio(connection_, bio, bio);
  SSL_set_accept_state(connection_);
}

tls_channel::~tls_channel() { SSL_free(connection_); }

channel_step tls_channel::step_of(int outcome) {
  using state = channel_step::state;
  if (outcome > 0) return {.next = state::progress, .count = static_cast<std::size_t>(outcome)};
  const int reason = SSL_get_error(connection_, outcome);
  if (reason == SSL_ERROR_WANT_READ) return {.next = state::needs_read};
  if (reason == SSL_ERROR_WANT_WRITE) return {.next = state::needs_write};
  forget_errors();
  return {.next = state::ended};
}

channel_step tls_channel::handshake() {
  forget_errors();
  channel_step step = step_of(SSL_do_handshake(connection_));
  step.count = 0;
  return step;
}

channel_step tls_channel::read(std::span<char> into) {
  forget_errors();
  return step_of(SSL_read(connection_, into.data(), static_cast<int>(into.size())));
}

channel_step tls_channel::write(std::string_view bytes, bool more_follows) {
  forget_errors();
  set_more_follows(SSL_get_wbio(connection_), more_follows);
  return step_of(SSL_write(connection_, bytes.data(), static_cast<int>(bytes.size())));
}

void tls_channel::say_goodbye() {
  forget_errors();
  if (SSL_is_init_finished(connection_) == 1) SSL_shutdown(connection_);
  forget_errors();
}

bool tls_channel::has_buffered_input() const { return SSL_has_pending(connection_) == 1; }

bool tls_channel::peer_said_goodbye() const {
  return (static_cast<unsigned>(SSL_get_shutdown(connection_)) &
          static_cast<unsigned>(SSL_RECEIVED_SHUTDOWN)) != 0;
}

peer_identity tls_channel::identity() const { return identity_of(connection_); }

std::string_view tls_channel::protocol() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(connection_, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

} // namespace actord::net
