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
    session_->on_admitted = [this](kj::Maybe<wire::Peer::Client> back) { let_in(kj::mv(back)); };
    entrance_.open_.insert(this);
  }
  ~accepted_connection() noexcept(false) {
    entrance_.open_.erase(this);
    session_->on_admitted = nullptr;
    if (entrance_.is_ending_) is_announced_ = false;
    leave("the connection broke");
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

  /// No more is asked of the other end from here on; the connection is closed soon.
  void end(std::string_view why) {
    endings_.fulfiller->reject(kj_fault(kj::Exception::Type::DISCONNECTED, why));
    leave(why);
  }

  [[nodiscard]] bool is_of(const peer_key& whom) const {
    return session_->admitted && key_of(session_->certificate) == whom;
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
        .exclusiveJoin(until_broken())
        .exclusiveJoin(kj::mv(endings_.promise))
        .then([this] { over(connection_.stream.failure()); },
              [this](kj::Exception&& fault) { over(string_of(fault)); });
  }

  /// Rejected when hello does not come in time; later as peer_talk says.
  kj::Promise<void> until_broken() {
    const auto wait = context_.options.timing.handshake;
    return context_.timer.timeoutAfter(kj_duration(wait), kj::mv(welcomes_.promise))
        .then(
            [this] {
              // The one that dialed asks first.
              return talk_ ? talk_->until_broken(2 * context_.options.timing.ping)
                           : kj::Promise<void>(kj::NEVER_DONE);
            },
            [](kj::Exception&&) -> kj::Promise<void> {
              return kj_fault(kj::Exception::Type::DISCONNECTED, "did not say hello");
            });
  }

  void let_in(kj::Maybe<wire::Peer::Client> back) {
    const node_identity& who = session_->certificate;
    for (accepted_connection* other : entrance_.open_) {
      if (other != this && other->is_of(key_of(who))) other->end("replaced by a newer connection");
    }
    const bool is_worker = who.member == 0;
    talk_ = std::make_unique<peer_talk>(context_, connection_, who,
                                        is_worker ? peer_talk::asks::yes : peer_talk::asks::no);
    session_->talk = talk_.get();
    welcomes_.fulfiller->fulfill();
    if (is_worker) {
      context_.mail->note(talk_->key(), [this](peer_status& status) {
        status.address = session_->address;
        status.last_heard = connection_.stream.last_heard();
      });
    }
    KJ_IF_MAYBE (remote, back) {
      talk_->begin(kj::mv(*remote));
    }
    if (!is_worker) return;
    spdlog::info("worker {} is connected from {}", who.node, session_->address);
    is_announced_ = true;
    if (context_.events.node_connected) context_.events.node_connected(who.node);
  }

  /// What was asked of a worker has come to its end, and everybody hears of it. Once.
  void leave(std::string_view why) {
    session_->talk = nullptr;
    if (talk_) talk_->retire();
    if (!std::exchange(is_announced_, false)) return;
    const std::string& node = session_->certificate.node;
    context_.mail->forget({0, node});
    if (context_.events.node_gone) context_.events.node_gone(node, std::string(why));
  }

  void over(std::string_view why) {
    say_why(why);
    leave(why.empty() ? "closed" : why);
  }

  void say_why(std::string_view why) {
    if (!session_->admitted) {
      // Refusals by `hello` were logged there; anything else a stranger with a good certificate did is new.
      if (!why.empty() && why != "closed") context_.log_refusal(session_->address, why);
      return;
    }
    spdlog::info("{} at {} is disconnected{}{}", in_words(session_->certificate), session_->address,
                 why.empty() ? "" : ": ", why);
  }

  peer_entrance& entrance_;
  peer_context& context_;
  std::shared_ptr<peer_session> session_;
  kj::PromiseFulfillerPair<void> endings_ = kj::newPromiseAndFulfiller<void>();
  kj::PromiseFulfillerPair<void> welcomes_ = kj::newPromiseAndFulfiller<void>();
  rpc_connection connection_;
  std::unique_ptr<peer_talk> talk_; ///< since hello
  bool is_announced_ = false;       ///< as a connected worker
};

peer_entrance::peer_entrance(peer_context& context, unique_fd listener)
    : context_(context), listener_(std::move(listener)),
      observer_(context.port, listener_.get(), kj::UnixEventPort::FdObserver::OBSERVE_READ), tasks_(*this),
      accepting_(accept().eagerlyEvaluate([](kj::Exception&& fault) {
        spdlog::error("peers are no longer accepted: {}", string_of(fault));
      })) {}

peer_entrance::~peer_entrance() noexcept(false) { is_ending_ = true; }

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

void peer_entrance::end_connections_of(const peer_key& whom, std::string_view why) {
  for (accepted_connection* one : open_) {
    if (one->is_of(whom)) one->end(why);
  }
}

} // namespace actord::net
