#include "net/peer/peer_talk.hpp"

#include <algorithm>
#include <utility>

namespace actord::net {

namespace {

constexpr std::size_t batch_bytes = 1U << 20U;
/// Small enough that a heartbeat behind some of them is not late.
constexpr std::size_t part_bytes = 64U << 10U;
constexpr unsigned parts_under_way_max = 4;

error outcome_unknown(const peer_key& of, std::string_view why) {
  return {.kind = error_kind::timeout,
          .message = (of.member == 0 ? "node " + of.node : std::string("the member")) +
                     " did not answer: " + std::string(why)};
}

} // namespace

peer_talk::peer_talk(peer_context& context, rpc_connection& over, node_identity with, asks which)
    : context_(context), over_(over), key_(key_of(with)), which_(which), asked_(*this),
      streams_(context, with, [this](std::string why) { end(why); }) {
  auto pair = kj::newPromiseAndFulfiller<void>();
  ended_ = kj::mv(pair.promise);
  end_ = kj::mv(pair.fulfiller);
}

peer_talk::~peer_talk() noexcept(false) { retire(); }

void peer_talk::retire() {
  if (which_ == asks::yes && remote_ != nullptr) {
    context_.talks.erase(key_);
    context_.mail->shut(key_);
  }
  remote_ = nullptr;
  streams_.close_all();
  auto calls = std::exchange(calls_, {});
  for (auto& [number, done] : calls) {
    context_.mail->call_ended(key_);
    done(outcome_unknown(key_, "the connection broke"));
  }
}

void peer_talk::begin(wire::Peer::Client remote) {
  remote_ = remote;
  if (which_ == asks::yes) {
    context_.talks.insert_or_assign(key_, this);
    context_.mail->open(key_);
  }
  streams_.begin(kj::mv(remote));
}

void peer_talk::end(std::string_view why) { end_->reject(kj_fault(kj::Exception::Type::FAILED, why)); }

kj::Promise<void> peer_talk::until_broken(std::chrono::milliseconds ping_after) {
  watch_from_ = context_.clock.steady_now();
  return watch(ping_after).exclusiveJoin(kj::mv(ended_));
}

kj::Promise<void> peer_talk::watch(std::chrono::milliseconds ping_after) {
  const auto dead_after = context_.options.timing.dead_after;
  const auto now = context_.clock.steady_now();
  const auto silence = [this](steady_time at) {
    return at - std::max(over_.stream.last_heard(), watch_from_);
  };
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(dead_after - silence(now));
  const auto wait = std::clamp(left + std::chrono::milliseconds(1), std::chrono::milliseconds(1),
                               context_.options.timing.ping);
  return context_.timer.afterDelay(kj_duration(wait))
      .then([this, silence, ping_after, dead_after, due = now + wait]() -> kj::Promise<void> {
        const auto late = context_.clock.steady_now();
        context_.mail->heard(key_, over_.stream.last_heard());
        // Who was not running has not listened either: what has come meanwhile is read first.
        if (late - due > context_.options.timing.ping) watch_from_ = late - dead_after / 2;
        if (silence(late) > dead_after) {
          return kj_fault(kj::Exception::Type::OVERLOADED,
                          "silent for " + std::to_string(dead_after.count()) + " ms");
        }
        if (silence(late) >= ping_after && !pinged_) ping();
        return watch(ping_after);
      });
}

void peer_talk::ping() {
  KJ_IF_MAYBE (remote, remote_) {
    pinged_ = true;
    asked_.add(remote->pingRequest().send().ignoreResult().then([this] { pinged_ = false; }));
  }
}

void peer_talk::pump() {
  if (remote_ == nullptr || which_ == asks::no) return;
  while (under_way_bytes_ < context_.options.limits.under_way_bytes) {
    auto messages = context_.mail->take_raft(key_, batch_bytes);
    if (messages.empty()) break;
    send_raft(std::move(messages));
  }
  for (queued_call& call : context_.mail->take_calls(key_)) start_call(std::move(call));
  send_parts();
}

void peer_talk::send_raft(std::vector<std::string> messages) {
  std::size_t bytes = 0;
  for (const std::string& message : messages) bytes += message.size() + 2 * sizeof(capnp::word);
  auto request = KJ_ASSERT_NONNULL(remote_).raftRequest(message_size(bytes));
  auto list = request.initMessages(static_cast<unsigned>(messages.size()));
  for (unsigned i = 0; i < messages.size(); ++i) list.set(i, data_reader(messages[i]));
  under_way_bytes_ += bytes;
  asked_.add(request.send().ignoreResult().then([this, bytes] {
    under_way_bytes_ -= bytes;
    pump();
  }));
}

void peer_talk::send_parts() {
  while (parts_under_way_ < parts_under_way_max) {
    if (overtaken_from_ == overtaken_.size()) {
      auto next = context_.mail->take_overtaken(key_);
      if (!next) return;
      overtaken_ = std::move(*next);
      overtaken_from_ = 0;
      if (overtaken_.empty()) continue;
    }
    const auto bytes = std::string_view(overtaken_).substr(overtaken_from_, part_bytes);
    overtaken_from_ += bytes.size();
    auto request = KJ_ASSERT_NONNULL(remote_).partRequest(message_size(bytes.size()));
    request.setBytes(data_reader(bytes));
    request.setLast(overtaken_from_ == overtaken_.size());
    ++parts_under_way_;
    asked_.add(request.send().ignoreResult().then([this] {
      --parts_under_way_;
      pump();
    }));
  }
}

void peer_talk::start_call(queued_call call) {
  const steady_time now = context_.clock.steady_now();
  const std::uint64_t number = ++last_call_;
  calls_.emplace(number, std::move(call.done));
  if (call.until <= now) {
    return finish_call(number, error{.kind = error_kind::unavailable, .message = "the deadline passed"});
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(call.until - now);
  auto request =
      KJ_ASSERT_NONNULL(remote_).callRequest(message_size(call.payload.size() + call.method.size()));
  request.setMethod(kj_string(call.method));
  request.setPayload(data_reader(call.payload));
  request.setDeadlineMs(static_cast<std::uint32_t>(std::min<std::int64_t>(left.count(), UINT32_MAX)));
  auto answered =
      request.send().then([](capnp::Response<wire::Peer::CallResults>&& results) -> result<std::string> {
        const auto answer = results.getAnswer();
        if (answer.isPayload()) return string_of(answer.getPayload());
        return error_of(answer.getFailure());
      });
  asked_.add(
      context_.timer.timeoutAfter(kj_duration(left), kj::mv(answered))
          .then([this, number](result<std::string>&& answer) { finish_call(number, std::move(answer)); },
                [this, number](kj::Exception&& fault) {
                  finish_call(number, outcome_unknown(key_, fault.getType() == kj::Exception::Type::OVERLOADED
                                                                ? "the deadline passed"
                                                                : string_of(fault)));
                }));
}

void peer_talk::finish_call(std::uint64_t number, result<std::string> with) {
  const auto found = calls_.find(number);
  if (found == calls_.end()) return;
  const auto done = std::move(found->second);
  calls_.erase(found);
  context_.mail->call_ended(key_);
  done(std::move(with));
}

void peer_talk::taskFailed(kj::Exception&& fault) {
  // A broken connection is noticed by itself; a peer that cannot answer a plain message is of no use.
  if (fault.getType() != kj::Exception::Type::DISCONNECTED) end_->reject(kj::mv(fault));
}

} // namespace actord::net
