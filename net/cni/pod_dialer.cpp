#include "net/cni/pod_dialer.hpp"

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

struct two_sockets {
  unique_fd version4;
  unique_fd version6;
};

two_sockets make_sockets() {
  constexpr int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  return {unique_fd(::socket(AF_INET, kind, 0)), unique_fd(::socket(AF_INET6, kind, 0))};
}

/// A socket stays in the namespace it was made in. The thread that goes there does not come back.
result<two_sockets> make_sockets_in(const std::string& path) {
  const unique_fd space(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!space)
    return error{.message = "open network namespace " + path + ": " + std::generic_category().message(errno)};
  two_sockets made;
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

result<two_sockets> sockets_of(const std::string& path) {
  return path.empty() ? result<two_sockets>(make_sockets()) : make_sockets_in(path);
}

int connect4(const unique_fd& socket, in_addr address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr = address;
  return connect_within(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

int connect6(const unique_fd& socket, const in6_addr& address, std::uint16_t port) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(port);
  to.sin6_addr = address;
  return connect_within(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

error refused(const std::string& whom, int failure) {
  return {.kind = error_kind::unavailable,
          .message = "connect to " + whom + ": " + std::generic_category().message(failure)};
}

} // namespace

result<unique_fd> dial_loopback(const std::string& namespace_path, std::uint16_t port) {
  auto sockets = sockets_of(namespace_path);
  if (!sockets) return std::move(sockets).error();
  const int failure = connect4(sockets->version4, {.s_addr = htonl(INADDR_LOOPBACK)}, port);
  if (failure == 0) return std::move(sockets->version4);
  if (connect6(sockets->version6, in6addr_loopback, port) == 0) return std::move(sockets->version6);
  return refused("localhost:" + std::to_string(port), failure);
}

result<unique_fd> dial_address(const std::string& namespace_path, const std::string& address,
                               std::uint16_t port) {
  auto sockets = sockets_of(namespace_path);
  if (!sockets) return std::move(sockets).error();
  in_addr version4{};
  if (::inet_pton(AF_INET, address.c_str(), &version4) == 1) {
    const int failure = connect4(sockets->version4, version4, port);
    if (failure == 0) return std::move(sockets->version4);
    return refused(address + ":" + std::to_string(port), failure);
  }
  in6_addr version6{};
  const int failure = ::inet_pton(AF_INET6, address.c_str(), &version6) == 1
                          ? connect6(sockets->version6, version6, port)
                          : EADDRNOTAVAIL;
  if (failure == 0) return std::move(sockets->version6);
  return refused("[" + address + "]:" + std::to_string(port), failure);
}

} // namespace actord::net
