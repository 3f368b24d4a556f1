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

constexpr std::size_t batch_bytes = 1U << 20U;
/// Small enough that a heartbeat behind some of them is not late.
constexpr std::size_t part_bytes = 64U << 10U;
constexpr unsigned parts_under_way_max = 4;

kj::Exception unfit(std::string_view why) { return kj_fault(kj::Exception::Type::FAILED, why); }

error outcome_unknown(std::string_view why) {
  return {.kind = error_kind::timeout, .message = "the member did not answer: " + std::string(why)};
}

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
  context_.mail->note(member_, [this](peer_status& status) {
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
  return request.send().then([this, name = node->node](capnp::Response<wire::Door::HelloResults>&& results) {
    const auto answer = results.getAnswer();
    if (!answer.isWelcome()) {
      unfit_ = true;
      const std::string why = answer.isRefused() ? string_of(answer.getRefused()).substr(0, 512) : "";
      kj::throwFatalException(unfit("it refused: " + why));
    }
    const std::uint32_t version = answer.getWelcome().getVersion();
    if (version < context_.options.versions.lowest || version > context_.options.versions.highest) {
      unfit_ = true;
      kj::throwFatalException(unfit("it chose version " + std::to_string(version) + " of the protocol"));
    }
    talk_ = std::make_unique<conversation>(*this, answer.getWelcome().getPeer());
    failures_ = 0;
    broke_lately_ = false;
    last_logged_.clear();
    context_.mail->open(member_);
    context_.mail->note(member_, [&](peer_status& status) {
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
  auto pair = kj::newPromiseAndFulfiller<void>();
  end_ = kj::mv(pair.fulfiller);
  return connection_->vat->onDisconnect().exclusiveJoin(watch()).exclusiveJoin(kj::mv(pair.promise));
}

/// Rejected when the peer has been silent for too long; asks it before.
kj::Promise<void> member_link::watch() {
  const peer_timing& timing = context_.options.timing;
  return context_.timer.afterDelay(kj_duration(timing.ping)).then([this]() -> kj::Promise<void> {
    const peer_timing& limits = context_.options.timing;
    const steady_time heard = connection_->stream.last_heard();
    const auto silent = context_.clock.steady_now() - heard;
    context_.mail->heard(member_, heard);
    if (silent > limits.dead_after) {
      return kj_fault(kj::Exception::Type::OVERLOADED,
                      "silent for " + std::to_string(limits.dead_after.count()) + " ms");
    }
    if (silent >= limits.ping / 2 && !talk_->pinged) {
      talk_->pinged = true;
      talk_->asked.add(
          talk_->peer.pingRequest().send().ignoreResult().then([this] { talk_->pinged = false; }));
    }
    return watch();
  });
}

void member_link::ended(const kj::Exception* fault) {
  const bool talked = talk_ != nullptr;
  std::string why = connection_ ? connection_->stream.failure() : "";
  if (fault != nullptr && (why.empty() || unfit_)) why = string_of(*fault);
  if (why.empty()) why = "closed";
  const bool told_off = unfit_ || why.starts_with("TLS: ") || why.starts_with("the certificate");
  // Silence and what we end ourselves come with a fault; a peer that goes away does not.
  if (talked && fault == nullptr) broke_lately_ = true;
  drop_connection();
  context_.mail->note(member_, [&](peer_status& status) {
    status.link = told_off ? peer_link::refused : peer_link::unreachable;
    status.why = why;
  });
  if (!talked) ++failures_;
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
  context_.mail->shut(member_);
  end_ = nullptr;
  talk_.reset();
  connection_.reset();
  connecting_ = nullptr;
  socket_.reset();
  auto calls = std::exchange(calls_, {});
  for (auto& [number, done] : calls) {
    context_.mail->call_ended(member_);
    done(outcome_unknown("the connection broke"));
  }
}

void member_link::pump() {
  if (!talk_) return;
  while (talk_->under_way_bytes < context_.options.limits.under_way_bytes) {
    auto messages = context_.mail->take_raft(member_, batch_bytes);
    if (messages.empty()) break;
    send_raft(std::move(messages));
  }
  for (queued_call& call : context_.mail->take_calls(member_)) start_call(std::move(call));
  send_parts();
}

void member_link::send_raft(std::vector<std::string> messages) {
  std::size_t bytes = 0;
  for (const std::string& message : messages) bytes += message.size() + 2 * sizeof(capnp::word);
  auto request = talk_->peer.raftRequest(message_size(bytes));
  auto list = request.initMessages(static_cast<unsigned>(messages.size()));
  for (unsigned i = 0; i < messages.size(); ++i) list.set(i, data_reader(messages[i]));
  talk_->under_way_bytes += bytes;
  talk_->asked.add(request.send().ignoreResult().then([this, bytes] {
    talk_->under_way_bytes -= bytes;
    pump();
  }));
}

void member_link::send_parts() {
  while (talk_->parts_under_way < parts_under_way_max) {
    if (talk_->overtaken_from == talk_->overtaken.size()) {
      auto next = context_.mail->take_overtaken(member_);
      if (!next) return;
      talk_->overtaken = std::move(*next);
      talk_->overtaken_from = 0;
      if (talk_->overtaken.empty()) continue;
    }
    const auto bytes = std::string_view(talk_->overtaken).substr(talk_->overtaken_from, part_bytes);
    talk_->overtaken_from += bytes.size();
    auto request = talk_->peer.partRequest(message_size(bytes.size()));
    request.setBytes(data_reader(bytes));
    request.setLast(talk_->overtaken_from == talk_->overtaken.size());
    ++talk_->parts_under_way;
    talk_->asked.add(request.send().ignoreResult().then([this] {
      --talk_->parts_under_way;
      pump();
    }));
  }
}

void member_link::start_call(queued_call call) {
  const steady_time now = context_.clock.steady_now();
  const std::uint64_t number = ++last_call_;
  calls_.emplace(number, std::move(call.done));
  if (call.until <= now) {
    return finish_call(number, error{.kind = error_kind::unavailable, .message = "the deadline passed"});
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(call.until - now);
  auto request = talk_->peer.callRequest(message_size(call.payload.size() + call.method.size()));
  request.setMethod(kj_string(call.method));
  request.setPayload(data_reader(call.payload));
  request.setDeadlineMs(static_cast<std::uint32_t>(std::min<std::int64_t>(left.count(), UINT32_MAX)));
  auto answered =
      request.send().then([](capnp::Response<wire::Peer::CallResults>&& results) -> result<std::string> {
        const auto answer = results.getAnswer();
        if (answer.isPayload()) return string_of(answer.getPayload());
        const auto failure = answer.getFailure();
        return error{.kind = kind_of(failure.getKind()),
                     .message = string_of(failure.getMessage()),
                     .retry_after_s =
                         static_cast<int>(std::min<std::uint32_t>(failure.getRetryAfterS(), 3600))};
      });
  talk_->asked.add(
      context_.timer.timeoutAfter(kj_duration(left), kj::mv(answered))
          .then([this, number](result<std::string>&& answer) { finish_call(number, std::move(answer)); },
                [this, number](kj::Exception&& fault) {
                  finish_call(number, outcome_unknown(fault.getType() == kj::Exception::Type::OVERLOADED
                                                          ? "the deadline passed"
                                                          : string_of(fault)));
                }));
}

void member_link::finish_call(std::uint64_t number, result<std::string> with) {
  const auto found = calls_.find(number);
  if (found == calls_.end()) return;
  const auto done = std::move(found->second);
  calls_.erase(found);
  context_.mail->call_ended(member_);
  done(std::move(with));
}

void member_link::taskFailed(kj::Exception&& fault) {
  // A broken connection is noticed by itself; a peer that cannot answer a plain message is of no use.
  if (fault.getType() == kj::Exception::Type::DISCONNECTED) return;
  KJ_IF_MAYBE (end, end_) {
    (*end)->reject(kj::mv(fault));
  }
}

} // namespace actord::net
