#include "cli/commands/command_session.hpp"
#include "net/http/websocket_client.hpp"
#include "schema/base/unique_fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>

namespace actord::cli {
namespace {

constexpr std::size_t piece_bytes = 32768;

struct port_pair {
  std::uint16_t local = 0; ///< 0: any free one
  std::uint16_t remote = 0;
};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size() || number > 65535)
    return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

result<port_pair> parse_pair(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string local = colon == std::string::npos ? text : text.substr(0, colon);
  const auto remote = parse_port(colon == std::string::npos ? text : text.substr(colon + 1));
  const auto own = local.empty() ? std::optional<std::uint16_t>(0) : parse_port(local);
  if (!remote || *remote == 0 || !own)
    return error{.kind = error_kind::bad_request,
                 .message = "\"" + text + "\" is not LOCAL:REMOTE, PORT or :REMOTE"};
  return port_pair{.local = *own, .remote = *remote};
}

struct listener {
  unique_fd socket;
  std::uint16_t port = 0;
  std::uint16_t remote = 0;
};

result<listener> listen_on(const std::string& address, const port_pair& ports) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(ports.local);
  const std::string number = address == "localhost" ? "127.0.0.1" : address;
  const error failed{.kind = error_kind::bad_request,
                     .message = "unable to listen on " + address + ":" + std::to_string(ports.local)};
  if (::inet_pton(AF_INET, number.c_str(), &where.sin_addr) != 1) return failed;
  listener made{.socket = unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
                .port = 0,
                .remote = ports.remote};
  const int yes = 1;
  ::setsockopt(made.socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  socklen_t size = sizeof where;
  if (::bind(made.socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 ||
      ::listen(made.socket.get(), 64) != 0 ||
      ::getsockname(made.socket.get(), reinterpret_cast<sockaddr*>(&where), &size) != 0)
    return failed;
  made.port = ntohs(where.sin_port);
  return made;
}

/// One accepted connection, carried over a WebSocket of its own.
class forwarded_connection {
public:
  forwarded_connection(unique_fd local, std::unique_ptr<net::websocket_client> socket)
      : local_(std::move(local)), socket_(std::move(socket)) {}

  /// What went wrong in the pod; empty when nothing.
  std::string run() {
    while (true) {
      if (!read_server() || socket_->closed() || !socket_->flush()) return failure_;
      const bool full = socket_->pending_bytes() > 0;
      std::array<pollfd, 2> waits{
          {{socket_->descriptor(), static_cast<short>(full ? POLLIN | POLLOUT : POLLIN), 0},
           {full ? -1 : local_.get(), POLLIN, 0}}};
      if (::poll(waits.data(), waits.size(), -1) <= 0 && errno != EINTR) return failure_;
      if (waits[1].revents != 0 && !read_local()) return failure_;
    }
  }

private:
  bool read_local() {
    std::array<char, piece_bytes> buffer;
    const ssize_t count = ::read(local_.get(), buffer.data(), buffer.size());
    if (count <= 0) return false;
    socket_->send(std::string(1, '\0').append(buffer.data(), static_cast<std::size_t>(count)));
    return true;
  }

  bool read_server() {
    while (true) {
      const auto message = socket_->receive();
      if (!message) return false;
      if (!*message) return true;
      if ((*message)->empty()) continue;
      const auto channel = static_cast<unsigned char>((*message)->front());
      // The first message of each channel is the port's number.
      if (channel > 1 || !std::exchange(begun_[channel], true)) continue;
      const std::string_view bytes = std::string_view(**message).substr(1);
      if (channel == 1)
        failure_ += bytes;
      else if (!write_local(bytes))
        return false;
    }
  }

  bool write_local(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(local_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  const unique_fd local_;
  const std::unique_ptr<net::websocket_client> socket_;
  std::array<bool, 2> begun_{};
  std::string failure_;
};

} // namespace

result<void> run_port_forward(command_session& session, const port_forward_command& command) {
  std::string pod = command.pod;
  if (const std::size_t slash = pod.find('/'); slash != std::string::npos) pod.erase(0, slash + 1);
  const std::string path = "/api/v1/namespaces/" + session.space + "/pods/" + pod;
  if (const auto found = session.client.get(path); !found) return found.error();
  std::vector<listener> listeners;
  for (const std::string& text : command.ports) {
    const auto ports = parse_pair(text);
    if (!ports) return ports.error();
    auto made = listen_on(command.address, *ports);
    if (!made) return made.error();
    session.context.output << "Forwarding from " << command.address << ":" << made->port << " -> "
                           << made->remote << std::endl;
    listeners.push_back(std::move(*made));
  }
  const auto told = std::make_shared<std::mutex>();
  while (true) {
    std::vector<pollfd> waits;
    for (const listener& each : listeners) waits.push_back({each.socket.get(), POLLIN, 0});
    if (::poll(waits.data(), waits.size(), -1) <= 0) continue;
    for (std::size_t at = 0; at < waits.size(); ++at) {
      if (waits[at].revents == 0) continue;
      unique_fd accepted(::accept4(listeners[at].socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!accepted) continue;
      const std::string target =
          path + "/portforward" + query_text({{"ports", std::to_string(listeners[at].remote)}});
      // Until the process ends: nothing waits for these.
      std::thread([told, target, connection = session.connection, local = std::move(accepted),
                   errors = &session.context.errors]() mutable {
        auto opening = net::open_websocket(connection, target, {"v4.channel.k8s.io"});
        std::string failure = opening ? std::string() : opening.error().message;
        if (opening && !opening->socket) failure = describe_error(error_of(opening->answer));
        if (failure.empty())
          failure = forwarded_connection(std::move(local), std::move(opening->socket)).run();
        const std::lock_guard lock(*told);
        if (!failure.empty()) *errors << failure << std::endl;
      }).detach();
    }
  }
}

} // namespace actord::cli
