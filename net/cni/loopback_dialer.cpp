#include "net/cni/loopback_dialer.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

namespace actord::net {
namespace {

constexpr int patience_ms = 5'000;

struct loopback_sockets {
  unique_fd version4;
  unique_fd version6;
};

loopback_sockets make_sockets() {
  constexpr int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  return {unique_fd(::socket(AF_INET, kind, 0)), unique_fd(::socket(AF_INET6, kind, 0))};
}

/// A socket stays in the namespace it was made in. The thread that goes there does not come back.
result<loopback_sockets> make_sockets_in(const std::string& path) {
  const unique_fd space(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!space)
    return error{.message = "open network namespace " + path + ": " + std::generic_category().message(errno)};
  loopback_sockets made;
  int failure = 0;
  std::thread([&] {
    if (::setns(space.get(), CLONE_NEWNET) != 0)
      failure = errno;
    else
      made = make_sockets();
  }).join();
  if (failure != 0)
    return error{.message =
                     "enter network namespace " + path + ": " + std::generic_category().message(failure)};
  return made;
}

/// 0, or why not.
int connect_within(const unique_fd& socket, const sockaddr* address, socklen_t size) {
  if (!socket) return EAFNOSUPPORT;
  if (::connect(socket.get(), address, size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd wait{socket.get(), POLLOUT, 0};
  if (::poll(&wait, 1, patience_ms) <= 0) return ETIMEDOUT;
  int failure = 0;
  socklen_t length = sizeof failure;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failure, &length);
  return failure;
}

} // namespace

result<unique_fd> dial_loopback(const std::string& namespace_path, std::uint16_t port) {
  auto sockets =
      namespace_path.empty() ? result<loopback_sockets>(make_sockets()) : make_sockets_in(namespace_path);
  if (!sockets) return std::move(sockets).error();
  sockaddr_in version4{};
  version4.sin_family = AF_INET;
  version4.sin_port = htons(port);
  version4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int failure =
      connect_within(sockets->version4, reinterpret_cast<const sockaddr*>(&version4), sizeof version4);
  if (failure == 0) return std::move(sockets->version4);
  sockaddr_in6 version6{};
  version6.sin6_family = AF_INET6;
  version6.sin6_port = htons(port);
  version6.sin6_addr = in6addr_loopback;
  if (connect_within(sockets->version6, reinterpret_cast<const sockaddr*>(&version6), sizeof version6) == 0)
    return std::move(sockets->version6);
  return error{.kind = error_kind::unavailable,
               .message = "connect to localhost:" + std::to_string(port) + ": " +
                          std::generic_category().message(failure)};
}

} // namespace actord::net
