#include "net/peer/served_peer.hpp"

#include <kj/debug.h>

#include <atomic>

#include <spdlog/spdlog.h>

namespace actord::net {

namespace {

constexpr std::size_t overtaken_bytes_max = 5U << 20U;

/// Where a handler's answer goes, from whatever thread. When the last copy goes away unanswered, the caller
/// still hears of it.
class answer_slot {
public:
  answer_slot(peer_context& context, std::uint64_t call)
      : context_(context), mail_(context.mail), call_(call) {}
  answer_slot(const answer_slot&) = delete;
  answer_slot& operator=(const answer_slot&) = delete;
  ~answer_slot() {
    answer(
        error{.kind = error_kind::unavailable, .message = "the member did not answer", .retry_after_s = 1});
  }

  void answer(result<std::string> with) {
    if (answered_.exchange(true)) return;
    // What is posted runs only while the network's thread, and so the context, is there.
    mail_->post([&context = context_, call = call_, with = std::move(with)]() mutable {
      const auto found = context.unanswered.find(call);
      if (found == context.unanswered.end()) return;
      found->second->fulfill(std::move(with));
      context.unanswered.erase(found);
    });
  }

private:
  peer_context& context_;
  std::shared_ptr<peer_mail> mail_;
  std::uint64_t call_;
  std::atomic<bool> answered_{false};
};

class served_peer final : public wire::Peer::Server {
public:
  explicit served_peer(std::shared_ptr<peer_session> session) : session_(std::move(session)) {}

protected:
  kj::Promise<void> raft(RaftContext call) override {
    heard();
    for (const auto message : call.getParams().getMessages()) hand_on(string_of(message));
    return kj::READY_NOW;
  }

  kj::Promise<void> part(PartContext call) override {
    heard();
    const auto params = call.getParams();
    const auto bytes = params.getBytes();
    if (overtaken_.size() + bytes.size() > overtaken_bytes_max) {
      if (session_->end) session_->end("sent a message of more than 5 MiB");
      return KJ_EXCEPTION(FAILED, "a message of more than 5 MiB");
    }
    overtaken_.append(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
    if (params.getLast()) hand_on(std::exchange(overtaken_, {}));
    return kj::READY_NOW;
  }

  kj::Promise<void> call(CallContext call) override {
    heard();
    const auto params = call.getParams();
    const auto& context = session_->context;
    const auto handler = context.handlers.find(string_of(params.getMethod()));
    if (handler == context.handlers.end()) {
      write(call, error{.kind = error_kind::method_not_allowed,
                        .message = "no method \"" + string_of(params.getMethod()).substr(0, 64) + "\" here"});
      return kj::READY_NOW;
    }
    auto pair = kj::newPromiseAndFulfiller<result<std::string>>();
    const std::uint64_t number = ++session_->context.last_call;
    session_->context.unanswered.emplace(number, kj::mv(pair.fulfiller));
    const peer_caller from{.member = session_->certificate.member,
                           .node_name = session_->certificate.node,
                           .deadline = std::chrono::milliseconds(params.getDeadlineMs())};
    auto slot = std::make_shared<answer_slot>(session_->context, number);
    handler->second(from, string_of(params.getPayload()),
                    [slot](result<std::string> answer) { slot->answer(std::move(answer)); });
    call.releaseParams();
    call.allowCancellation();
    return pair.promise.then([this, call](result<std::string>&& answer) mutable { write(call, answer); });
  }

  kj::Promise<void> ping(PingContext) override {
    heard();
    return kj::READY_NOW;
  }

private:
  void heard() {
    auto& context = session_->context;
    context.mail->heard(session_->certificate.member, context.clock.steady_now());
  }

  void hand_on(std::string message) {
    const auto& raft = session_->context.events.raft;
    if (raft) raft(session_->certificate.member, std::move(message));
  }

  void write(CallContext& call, const result<std::string>& answer) {
    if (answer && answer->size() <= session_->context.options.limits.call_bytes) {
      call.getResults(message_size(answer->size())).initAnswer().setPayload(data_reader(*answer));
      return;
    }
    const error why =
        answer ? error{.kind = error_kind::too_large, .message = "the answer is too large"} : answer.error();
    auto failure = call.getResults(message_size(why.message.size())).initAnswer().initFailure();
    failure.setKind(failure_kind_of(why.kind));
    failure.setMessage(kj_string(why.message));
    failure.setRetryAfterS(static_cast<std::uint32_t>(std::max(why.retry_after_s, 0)));
  }

  std::shared_ptr<peer_session> session_;
  std::string overtaken_; ///< parts of a message that is not complete
};

class door final : public wire::Door::Server {
public:
  explicit door(std::shared_ptr<peer_session> session) : session_(std::move(session)) {}

protected:
  kj::Promise<void> hello(HelloContext call) override {
    const auto caller = call.getParams().getCaller();
    const greeting greeted{.versions = {caller.getLowestVersion(), caller.getHighestVersion()},
                           .cluster_id = string_of(caller.getClusterId()).substr(0, 64),
                           .node_name = string_of(caller.getNodeName()).substr(0, 253),
                           .member = caller.getMember(),
                           .meant = caller.getMeant()};
    auto& context = session_->context;
    auto version = admit(greeted, session_->certificate, context.options);
    if (version && context.events.admits && !context.events.admits(greeted.member)) {
      version = error{.kind = error_kind::forbidden,
                      .message = "member " + std::to_string(greeted.member) + " (" + greeted.node_name +
                                 ") does not belong to the cluster"};
    }
    auto answer = call.getResults().initAnswer();
    if (!version) {
      context.log_refusal(session_->address, version.error().message);
      answer.setRefused(kj_string(version.error().message));
      return kj::READY_NOW;
    }
    session_->admitted = true;
    if (session_->on_admitted) session_->on_admitted();
    auto welcome = answer.initWelcome();
    welcome.setVersion(*version);
    welcome.setNodeName(kj_string(context.options.node_name));
    welcome.setPeer(kj::heap<served_peer>(session_));
    return kj::READY_NOW;
  }

private:
  std::shared_ptr<peer_session> session_;
};

} // namespace

wire::Door::Client make_door(std::shared_ptr<peer_session> session) {
  return kj::heap<door>(std::move(session));
}

} // namespace actord::net
