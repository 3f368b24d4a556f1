#include "net/peer/served_peer.hpp"

#include <kj/debug.h>

#include <atomic>
#include <optional>
#include <utility>

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
    require_member();
    for (const auto message : call.getParams().getMessages()) hand_on(string_of(message));
    return kj::READY_NOW;
  }

  kj::Promise<void> part(PartContext call) override {
    heard();
    require_member();
    const auto params = call.getParams();
    const auto bytes = params.getBytes();
    if (overtaken_.size() + bytes.size() > overtaken_bytes_max) {
      if (session_->talk != nullptr) session_->talk->end("sent a message of more than 5 MiB");
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
    const std::string method = string_of(params.getMethod()).substr(0, method_bytes_max);
    const auto found = context.handlers.find(method);
    if (auto may = may_call(found == context.handlers.end() ? std::nullopt : std::optional(found->second.who),
                            method, session_->certificate);
        !may) {
      write(call, may.error());
      return kj::READY_NOW;
    }
    auto pair = kj::newPromiseAndFulfiller<result<std::string>>();
    const std::uint64_t number = ++session_->context.last_call;
    session_->context.unanswered.emplace(number, kj::mv(pair.fulfiller));
    const peer_caller from{.member = session_->certificate.member,
                           .node_name = session_->certificate.node,
                           .deadline = std::chrono::milliseconds(params.getDeadlineMs())};
    auto slot = std::make_shared<answer_slot>(session_->context, number);
    found->second.handler(from, string_of(params.getPayload()),
                          [slot](result<std::string> answer) { slot->answer(std::move(answer)); });
    call.releaseParams();
    call.allowCancellation();
    return pair.promise.then([this, call](result<std::string>&& answer) mutable { write(call, answer); });
  }

  kj::Promise<void> ping(PingContext) override {
    heard();
    return kj::READY_NOW;
  }

  kj::Promise<void> stream(StreamContext call) override {
    heard();
    if (session_->talk != nullptr) session_->talk->streams().take_in(call.getParams().getSteps());
    return kj::READY_NOW;
  }

private:
  void heard() {
    auto& context = session_->context;
    context.mail->heard(key_of(session_->certificate), context.clock.steady_now());
  }

  /// Workers have no part in the consensus, on either end.
  void require_member() {
    if (session_->certificate.member != 0 && session_->context.options.self != 0) return;
    const std::string why = session_->context.options.self == 0
                                ? "a consensus message to a worker"
                                : "worker " + session_->certificate.node + " sent a consensus message";
    session_->context.log_refusal(session_->address, why);
    if (session_->talk != nullptr) session_->talk->end(why);
    kj::throwFatalException(kj_fault(kj::Exception::Type::FAILED, why));
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
    write_error(call.getResults(message_size(why.message.size())).initAnswer().initFailure(), why);
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
    const bool unwanted = version && !is_wanted(greeted);
    if (unwanted) {
      version = error{.kind = error_kind::forbidden,
                      .message = in_words(session_->certificate) + " does not belong to the cluster"};
    }
    if (std::exchange(session_->greeted, true)) {
      version = error{.kind = error_kind::bad_request,
                      .message = in_words(session_->certificate) + " said hello twice"};
    }
    auto answer = call.getResults().initAnswer();
    if (!version) {
      context.log_refusal(session_->address, version.error().message);
      answer.setRefused(kj_string(version.error().message));
      answer.setRemoved(unwanted && greeted.member != 0);
      return kj::READY_NOW;
    }
    session_->admitted = true;
    kj::Maybe<wire::Peer::Client> back;
    if (caller.hasBack()) back = caller.getBack();
    if (session_->on_admitted) session_->on_admitted(kj::mv(back));
    auto welcome = answer.initWelcome();
    welcome.setVersion(*version);
    welcome.setNodeName(kj_string(context.options.node_name));
    welcome.setPeer(kj::heap<served_peer>(session_));
    return kj::READY_NOW;
  }

private:
  [[nodiscard]] bool is_wanted(const greeting& who) const {
    const peer_events& events = session_->context.events;
    if (who.member == 0) return !events.admits_node || events.admits_node(who.node_name);
    return !events.admits || events.admits(who.member);
  }

  std::shared_ptr<peer_session> session_;
};

} // namespace

wire::Door::Client make_door(std::shared_ptr<peer_session> session) {
  return kj::heap<door>(std::move(session));
}

wire::Peer::Client make_served_peer(std::shared_ptr<peer_session> session) {
  return kj::heap<served_peer>(std::move(session));
}

} // namespace actord::net
