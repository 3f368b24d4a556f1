#include "net/peer/peer_entrance.hpp"

#include "net/peer/served_peer.hpp"

#include <kj/debug.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include <spdlog/spdlog.h>

namespace actord::net {

namespace {

/// Strangers whose handshake is not over yet.
constexpr std::size_t handshakes_max = 64;
constexpr std::chrono::milliseconds out_of_files_pause{100};
constexpr std::chrono::milliseconds linger_time{300};

std::string text_of(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &six.sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(six.sin6_port));
  }
  const auto& four = reinterpret_cast<const sockaddr_in&>(address);
  ::inet_ntop(AF_INET, &four.sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(four.sin_port));
}

error listen_error(const std::string& address, std::uint16_t port, const char* what) {
  return {.kind = error_kind::unavailable,
          .message = "cannot " + std::string(what) + " " + address + ":" + std::to_string(port) + ": " +
                     std::strerror(errno)}; // NOLINT(concurrency-mt-unsafe): glibc's is safe
}

} // namespace

result<std::pair<unique_fd, std::uint16_t>> listen_on(const std::string& address, std::uint16_t port) {
  sockaddr_storage at{};
  socklen_t length = 0;
  auto& four = reinterpret_cast<sockaddr_in&>(at);
  auto& six = reinterpret_cast<sockaddr_in6&>(at);
  if (::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    length = sizeof four;
  } else if (::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    length = sizeof six;
  } else {
    return error{.kind = error_kind::bad_request,
                 .message = "\"" + address + "\" is no address to listen on"};
  }
  unique_fd socket(::socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return listen_error(address, port, "open a socket for");
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), length) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&at), &length) != 0) {
    return listen_error(address, port, "listen on");
  }
  const std::uint16_t got = ntohs(at.ss_family == AF_INET ? four.sin_port : six.sin6_port);
  return std::pair(std::move(socket), got);
}

/// From accept to the end.
class accepted_connection {
public:
  accepted_connection(peer_entrance& entrance, unique_fd socket, std::string address)
      : entrance_(entrance), context_(entrance.context_),
        session_(
            std::make_shared<peer_session>(peer_session{.context = context_, .address = std::move(address)})),
        connection_(context_, std::move(socket), peer_side::accepted) {
    auto pair = kj::newPromiseAndFulfiller<void>();
    ended_ = kj::mv(pair.promise);
    end_ = kj::mv(pair.fulfiller);
    session_->end = [this](std::string why) { end(why); };
    session_->on_admitted = [this] { replace_older(); };
    entrance_.open_.insert(this);
  }
  ~accepted_connection() noexcept(false) {
    entrance_.open_.erase(this);
    session_->end = nullptr;
    session_->on_admitted = nullptr;
  }
  accepted_connection(const accepted_connection&) = delete;
  accepted_connection& operator=(const accepted_connection&) = delete;

  kj::Promise<void> serve() {
    return context_.timer
        .timeoutAfter(kj_duration(context_.options.timing.handshake), connection_.stream.handshake())
        .then([this] { return talk(); },
              [this](kj::Exception&&) -> kj::Promise<void> {
                const auto& why = connection_.stream.failure();
                context_.log_refusal(session_->address, why.empty() ? "no handshake in time" : why);
                return connection_.stream.linger().exclusiveJoin(
                    context_.timer.afterDelay(kj_duration(linger_time)));
              });
  }

  void end(std::string_view why) { end_->reject(kj_fault(kj::Exception::Type::DISCONNECTED, why)); }

  [[nodiscard]] bool is_of(storage::member_id member) const {
    return session_->admitted && session_->certificate.member == member;
  }
  [[nodiscard]] bool in_handshake() const { return session_->certificate.node.empty(); }

private:
  kj::Promise<void> talk() {
    auto node = connection_.stream.peer();
    if (!node) {
      context_.log_refusal(session_->address, node.error().message);
      return kj::READY_NOW;
    }
    session_->certificate = *std::move(node);
    connection_.begin(peer_side::accepted, capnp::Capability::Client(make_door(session_)));
    return connection_.vat->onDisconnect()
        .exclusiveJoin(watch())
        .exclusiveJoin(kj::mv(ended_))
        .then([this] { say_why(connection_.stream.failure()); },
              [this](kj::Exception&& fault) { say_why(string_of(fault)); });
  }

  /// Rejected when the peer is silent for too long, or does not say hello in time.
  kj::Promise<void> watch() {
    const peer_timing& timing = context_.options.timing;
    return context_.timer.afterDelay(kj_duration(timing.ping)).then([this]() -> kj::Promise<void> {
      const auto silent = context_.clock.steady_now() - connection_.stream.last_heard();
      if (silent > context_.options.timing.dead_after + context_.options.timing.ping) {
        return kj_fault(kj::Exception::Type::DISCONNECTED, "silent for too long");
      }
      if (!session_->admitted && context_.clock.steady_now() - began_ > context_.options.timing.handshake) {
        return kj_fault(kj::Exception::Type::DISCONNECTED, "did not say hello");
      }
      return watch();
    });
  }

  void replace_older() {
    for (accepted_connection* other : entrance_.open_) {
      if (other != this && other->is_of(session_->certificate.member)) other->end("replaced by a newer one");
    }
  }

  void say_why(std::string_view why) {
    if (!session_->admitted) {
      // Refusals by `hello` were logged there; anything else a stranger with a good certificate did is new.
      if (!why.empty() && why != "closed") context_.log_refusal(session_->address, why);
      return;
    }
    spdlog::info("member {} ({}) at {} is disconnected{}{}", session_->certificate.member,
                 session_->certificate.node, session_->address, why.empty() ? "" : ": ", why);
  }

  peer_entrance& entrance_;
  peer_context& context_;
  std::shared_ptr<peer_session> session_;
  steady_time began_ = context_.clock.steady_now();
  kj::Promise<void> ended_ = nullptr;
  kj::Own<kj::PromiseFulfiller<void>> end_;
  rpc_connection connection_;
};

peer_entrance::peer_entrance(peer_context& context, unique_fd listener)
    : context_(context), listener_(std::move(listener)),
      observer_(context.port, listener_.get(), kj::UnixEventPort::FdObserver::OBSERVE_READ), tasks_(*this),
      accepting_(accept().eagerlyEvaluate([](kj::Exception&& fault) {
        spdlog::error("peers are no longer accepted: {}", string_of(fault));
      })) {}

peer_entrance::~peer_entrance() noexcept(false) = default;

void peer_entrance::taskFailed(kj::Exception&& fault) {
  spdlog::debug("a peer's connection: {}", string_of(fault));
}

kj::Promise<void> peer_entrance::accept() {
  while (true) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    unique_fd socket(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &length,
                               SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      take(std::move(socket), text_of(from));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return observer_.whenBecomesReadable().then([this] { return accept(); });
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      context_.log_refusal("", "this process is out of files");
      return context_.timer.afterDelay(kj_duration(out_of_files_pause)).then([this] { return accept(); });
    }
    // Anything else is that connection's own fault, which is gone.
  }
}

void peer_entrance::take(unique_fd socket, std::string address) {
  std::size_t in_handshake = 0;
  for (const accepted_connection* one : open_) in_handshake += one->in_handshake() ? 1U : 0U;
  if (open_.size() >= context_.options.limits.connections || in_handshake >= handshakes_max) {
    context_.log_refusal(address, "there are too many connections");
    return;
  }
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  auto connection = kj::heap<accepted_connection>(*this, std::move(socket), std::move(address));
  auto& serving = *connection;
  tasks_.add(serving.serve().attach(kj::mv(connection)));
}

void peer_entrance::end_connections_of(storage::member_id member, std::string_view why) {
  for (accepted_connection* one : open_) {
    if (one->is_of(member)) one->end(why);
  }
}

} // namespace actord::net
