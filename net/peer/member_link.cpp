#include "net/peer/member_link.hpp"

#include <kj/debug.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <spdlog/spdlog.h>

namespace actord::net {

namespace {

kj::Exception unfit(std::string_view why) { return kj_fault(kj::Exception::Type::FAILED, why); }

socklen_t fill(sockaddr_storage& at, const host_and_port& where) {
  auto& four = reinterpret_cast<sockaddr_in&>(at);
  auto& six = reinterpret_cast<sockaddr_in6&>(at);
  if (::inet_pton(AF_INET, where.host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(where.port);
    return sizeof four;
  }
  if (::inet_pton(AF_INET6, where.host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(where.port);
    return sizeof six;
  }
  return 0;
}

} // namespace

member_link::member_link(peer_context& context, storage::member_id member, std::string address)
    : context_(context), member_(member), address_(std::move(address)),
      running_(kj::evalLater([this] { return run(); }).eagerlyEvaluate([member](kj::Exception&& fault) {
        spdlog::error("member {} is no longer dialed: {}", member, string_of(fault));
      })) {
  context_.mail->note({member_, {}}, [this](peer_status& status) {
    status.address = address_;
    status.link = peer_link::connecting;
  });
}

member_link::~member_link() noexcept(false) {
  running_ = nullptr;
  drop_connection();
}

kj::Promise<void> member_link::run() {
  connect_refused_ = false;
  unfit_ = false;
  return attempt()
      .then([this] { ended(nullptr); }, [this](kj::Exception&& fault) { ended(&fault); })
      .then([this] {
        const auto wait =
            retry_delay(failures_, broke_lately_, context_.options.timing, context_.random.next());
        return context_.timer.afterDelay(kj_duration(wait));
      })
      .then([this] { return run(); });
}

kj::Promise<void> member_link::attempt() {
  auto welcome = numeric_address()
                     .then([this](std::string&& numeric) { return connect(numeric); })
                     .then([this] { return connection_->stream.handshake(); })
                     .then([this] { return greet(); });
  return context_.timer.timeoutAfter(kj_duration(context_.options.timing.handshake), kj::mv(welcome))
      .then([this] { return until_end(); });
}

kj::Promise<std::string> member_link::numeric_address() {
  const auto where = parse_host_and_port(address_);
  if (!where) return unfit("\"" + address_ + "\" is no address");
  sockaddr_storage at{};
  if (fill(at, *where) != 0) return address_;
  return context_.network.parseAddress(kj_string(where->host), where->port)
      .then([](kj::Own<kj::NetworkAddress>&& found) {
        const kj::String all = found->toString();
        const std::string text(all.begin(), all.size());
        return text.substr(0, text.find(','));
      });
}

kj::Promise<void> member_link::connect(const std::string& numeric) {
  sockaddr_storage at{};
  const auto where = parse_host_and_port(numeric);
  const socklen_t length = where ? fill(at, *where) : 0;
  if (length == 0) return unfit("\"" + numeric + "\" is no address");
  socket_ = unique_fd(::socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  KJ_REQUIRE(socket_.get() >= 0, "cannot open a socket", strerror(errno));
  const int yes = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  connecting_ = kj::heap<kj::UnixEventPort::FdObserver>(context_.port, socket_.get(),
                                                        kj::UnixEventPort::FdObserver::OBSERVE_WRITE);
  const auto established = [this](int fault) {
    connect_refused_ = fault == ECONNREFUSED;
    connecting_ = nullptr;
    if (fault != 0) {
      socket_.reset();
      kj::throwFatalException(kj_fault(kj::Exception::Type::DISCONNECTED, std::strerror(fault))); // NOLINT
    }
    connection_ = std::make_unique<rpc_connection>(context_, std::move(socket_), peer_side::dialed);
  };
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&at), length) == 0) {
    established(0);
    return kj::READY_NOW;
  }
  if (errno != EINPROGRESS) {
    established(errno);
    return kj::READY_NOW;
  }
  return connecting_->whenBecomesWritable().then([this, established] {
    int fault = 0;
    socklen_t size = sizeof fault;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &fault, &size);
    established(fault);
  });
}

kj::Promise<void> member_link::greet() {
  const peer_options& own = context_.options;
  const auto node = connection_->stream.peer();
  const auto expected = node ? expect(member_, *node, own) : result<void>(node.error());
  if (!expected) {
    unfit_ = true;
    return unfit(expected.error().message);
  }
  connection_->begin(peer_side::dialed, nullptr);
  session_ = std::make_shared<peer_session>(
      peer_session{.context = context_, .address = address_, .certificate = *node});
  talk_ = std::make_unique<peer_talk>(context_, *connection_, *node, peer_talk::asks::yes);
  session_->talk = talk_.get();
  capnp::MallocMessageBuilder id;
  auto host = id.initRoot<capnp::rpc::twoparty::VatId>();
  host.setSide(capnp::rpc::twoparty::Side::SERVER);
  auto door = connection_->rpc->bootstrap(host).castAs<wire::Door>();
  auto request = door.helloRequest();
  auto caller = request.initCaller();
  caller.setLowestVersion(own.versions.lowest);
  caller.setHighestVersion(own.versions.highest);
  caller.setClusterId(kj_string(own.cluster_id));
  caller.setNodeName(kj_string(own.node_name));
  caller.setMember(own.self);
  caller.setMeant(member_);
  caller.setBack(make_served_peer(session_));
  return request.send().then([this, name = node->node](capnp::Response<wire::Door::HelloResults>&& results) {
    const auto answer = results.getAnswer();
    if (!answer.isWelcome()) {
      unfit_ = true;
      const std::string why = answer.isRefused() ? string_of(answer.getRefused()).substr(0, 512) : "";
      if (answer.getRemoved() && context_.events.removed) context_.events.removed(member_);
      kj::throwFatalException(unfit("it refused: " + why));
    }
    const std::uint32_t version = answer.getWelcome().getVersion();
    if (version < context_.options.versions.lowest || version > context_.options.versions.highest) {
      unfit_ = true;
      kj::throwFatalException(unfit("it chose version " + std::to_string(version) + " of the protocol"));
    }
    failures_ = 0;
    broke_lately_ = false;
    last_logged_.clear();
    talk_->begin(answer.getWelcome().getPeer());
    context_.mail->note({member_, {}}, [&](peer_status& status) {
      status.link = peer_link::connected;
      status.node_name = name;
      status.why.clear();
      ++status.connects;
    });
    spdlog::info("member {} ({}) is connected at {}", member_, name, address_);
    if (context_.events.connected) context_.events.connected(member_);
  });
}

kj::Promise<void> member_link::until_end() {
  return connection_->vat->onDisconnect().exclusiveJoin(
      talk_->until_broken(context_.options.timing.ping / 2));
}

void member_link::ended(const kj::Exception* fault) {
  const bool talked = talk_ && talk_->has_begun();
  std::string why = connection_ ? connection_->stream.failure() : "";
  if (fault != nullptr && (why.empty() || unfit_)) why = string_of(*fault);
  if (why.empty()) why = "closed";
  const bool told_off = unfit_ || why.starts_with("TLS: ") || why.starts_with("the certificate");
  // Silence and what we end ourselves come with a fault; a peer that goes away does not.
  if (talked && fault == nullptr) broke_lately_ = true;
  drop_connection();
  context_.mail->note({member_, {}}, [&](peer_status& status) {
    status.link = told_off ? peer_link::refused : peer_link::unreachable;
    status.why = why;
  });
  if (!talked) ++failures_;
  if (talked && context_.events.lost) context_.events.lost(member_);
  if (std::exchange(last_logged_, why) != why) {
    if (told_off) {
      spdlog::warn("member {} at {} refused: {}", member_, address_, why);
    } else {
      spdlog::info("member {} at {} is not connected: {}", member_, address_, why);
    }
  }
  if (connect_refused_ && std::exchange(broke_lately_, false) && context_.events.gone) {
    context_.events.gone(member_);
  }
}

void member_link::drop_connection() {
  if (session_) session_->talk = nullptr;
  talk_.reset();
  session_.reset();
  connection_.reset();
  connecting_ = nullptr;
  socket_.reset();
}

} // namespace actord::net
