#include "net/pki/socket_bio.hpp"

#include "schema/base/always.hpp"

#include <openssl/bio.h>

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

namespace actord::net {

namespace {

/// A BIO of this kind keeps two things in place of its pointer: the socket, and whether more follows.
std::intptr_t data_of(BIO* bio) { return reinterpret_cast<std::intptr_t>(BIO_get_data(bio)); }
void set_data(BIO* bio, int socket, bool more_follows) {
  BIO_set_data(bio, reinterpret_cast<void*>(std::intptr_t{socket} * 2 + (more_follows ? 1 : 0)));
}
int socket_of(BIO* bio) { return static_cast<int>(data_of(bio) / 2); }
bool more_follows_on(BIO* bio) { return data_of(bio) % 2 != 0; }

bool would_block(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

int socket_write(BIO* bio, const char* bytes, int length) {
  BIO_clear_retry_flags(bio);
  const int flags = more_follows_on(bio) ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
  const ssize_t count = ::send(socket_of(bio), bytes, static_cast<std::size_t>(length), flags);
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

BIO* make_socket_bio(int socket) {
  BIO* bio = BIO_new(socket_method());
  if (bio == nullptr) return nullptr;
  set_data(bio, socket, false);
  BIO_set_init(bio, 1);
  return bio;
}

void set_more_follows(BIO* bio, bool more_follows) { set_data(bio, socket_of(bio), more_follows); }

} // namespace actord::net
