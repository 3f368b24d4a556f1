#include "net/http/tls_channel.hpp"

#include "net/http/tls_context.hpp"
#include "schema/base/always.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

namespace actord::net {

namespace {

int socket_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

bool would_block(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

int socket_write(BIO* bio, const char* bytes, int length) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = ::send(socket_of(bio), bytes, static_cast<std::size_t>(length), MSG_NOSIGNAL);
  if (count < 0 && would_block(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(count);
}

int socket_read(BIO* bio, char* into, int length) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = ::recv(socket_of(bio), into, static_cast<std::size_t>(length), 0);
  if (count < 0 && would_block(errno)) BIO_set_retry_read(bio);
  return static_cast<int>(count);
}

long socket_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

/// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE.
BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "actord socket");
    ALWAYS(made != nullptr);
    BIO_meth_set_write(made, socket_write);
    BIO_meth_set_read(made, socket_read);
    BIO_meth_set_ctrl(made, socket_control);
    return made;
  }();
  return method;
}

} // namespace

tls_channel::tls_channel(SSL_CTX* context, int socket) : connection_(SSL_new(context)) {
  BIO* bio = BIO_new(socket_method());
  ALWAYS(connection_ != nullptr && bio != nullptr);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio, 1);
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
  ERR_clear_error();
  return {.next = state::ended};
}

channel_step tls_channel::handshake() {
  ERR_clear_error();
  channel_step step = step_of(SSL_do_handshake(connection_));
  step.count = 0;
  return step;
}

channel_step tls_channel::read(std::span<char> into) {
  ERR_clear_error();
  return step_of(SSL_read(connection_, into.data(), static_cast<int>(into.size())));
}

channel_step tls_channel::write(std::string_view bytes) {
  ERR_clear_error();
  return step_of(SSL_write(connection_, bytes.data(), static_cast<int>(bytes.size())));
}

void tls_channel::say_goodbye() {
  ERR_clear_error();
  if (SSL_is_init_finished(connection_) == 1) SSL_shutdown(connection_);
  ERR_clear_error();
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
