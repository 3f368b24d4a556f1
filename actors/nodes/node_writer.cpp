#include "actors/nodes/node_writer.hpp"

#include "actors/api/api_request.hpp"
#include "actors/api/forwarding/command_request.hpp"
#include "actors/console/actor_registry.hpp"
#include "net/peer/forwarding.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <deque>
#include <fmt/format.h>
#include <mutex>
#include <utility>
#include <vector>

namespace actord::actors {
namespace {

/// One request on its way.
struct journey {
  net::forwarded_request what;
  net::exchange_handle exchange;
  steady_time until;
};
using journey_handle = std::shared_ptr<journey>;

} // namespace
} // namespace actord::actors

namespace actord::actors::node_writer_messages {

/// Set out, now or after a pause.
struct attempt {
  journey_handle one;
};
struct answered {
  std::vector<journey_handle> all;
  result<std::string> answer;
};

} // namespace actord::actors::node_writer_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::node_writer_messages::attempt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::node_writer_messages::answered)

namespace actord::actors {
namespace {

using namespace node_writer_messages;

constexpr std::chrono::seconds patience{30};
constexpr std::chrono::seconds call_deadline{10};
constexpr std::chrono::milliseconds pause{100};

constexpr std::size_t batches_under_way = 2;
constexpr std::size_t batch_bytes = 1U << 20U;

/// What waits, and what is under way.
class writing {
public:
  writing(caf::event_based_actor* self, node_writer::collaborators with)
      : self_(self), with_(with), card_(with.registry.enroll("node writer", "writes")) {}

  void set_out(const journey_handle& one) {
    waiting_.push_back(one);
    send_batches();
  }

  void arrived(const answered& message) {
    --under_way_;
    ++batches_;
    requests_ += message.all.size();
    card_->summarize(fmt::format("{} requests in {} messages", requests_, batches_));
    if (!message.answer) {
      ++next_;
      for (const journey_handle& one : message.all) failed(one, message.answer.error());
    } else if (const auto answers = net::decode_forwarded_answers(*message.answer, message.all.size());
               !answers) {
      for (const journey_handle& one : message.all) answer_error(*one->exchange, answers.error());
    } else {
      for (std::size_t at = 0; at < answers->size(); ++at) settle(message.all[at], (*answers)[at]);
    }
    send_batches();
  }

  void note(const char* message) { card_->handled(message, self_->mailbox().size()); }

private:
  void send_batches() {
    while (under_way_ < batches_under_way && !waiting_.empty()) {
      const auto servers = with_.contact.servers();
      if (servers.empty()) {
        for (const journey_handle& one : std::exchange(waiting_, {}))
          later(one, "no server of the cluster is known");
        return;
      }
      send_batch(servers[next_ % servers.size()]);
    }
  }

  void send_batch(storage::member_id server) {
    net::forwarded_batch batch;
    std::vector<journey_handle> all;
    std::size_t bytes = 0;
    while (!waiting_.empty() && all.size() < net::forwarded_batch_max) {
      std::string request = net::encode_forwarded(waiting_.front()->what);
      if (!all.empty() && bytes + request.size() > batch_bytes) break;
      bytes += request.size();
      batch.requests.push_back(std::move(request));
      all.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    ++under_way_;
    with_.contact.call(server, node_write_method, net::encode_forwarded(batch), call_deadline,
                       [me = caf::actor_cast<caf::actor>(self_), all](result<std::string> answer) {
                         caf::anon_send(me, answered{all, std::move(answer)});
                       });
  }

  void failed(const journey_handle& one, const error& why) {
    // Whether it had an effect is not known: whoever is asked next looks first.
    if (why.kind == error_kind::timeout) one->what.again = true;
    if (why.kind == error_kind::timeout || why.kind == error_kind::unavailable)
      return later(one, "no server of the cluster answers: " + why.message);
    answer_error(*one->exchange, why);
  }

  void settle(const journey_handle& one, std::string_view bytes) {
    auto answer = net::decode_forwarded_answer(bytes);
    if (!answer) return answer_error(*one->exchange, answer.error());
    if (auto* told = std::get_if<net::forwarded_answer::answered>(&answer->what))
      return one->exchange->respond(std::move(told->response));
    if (std::holds_alternative<net::forwarded_answer::leader_lost>(answer->what)) one->what.again = true;
    later(one, "no server leads the cluster");
  }

  void later(const journey_handle& one, std::string why) {
    if (with_.clock.steady_now() < one->until)
      self_->delayed_send(self_, pause, attempt{one});
    else
      answer_error(*one->exchange, {.kind = error_kind::unavailable, .message = std::move(why)});
  }

  caf::event_based_actor* const self_;
  const node_writer::collaborators with_;
  const std::shared_ptr<actor_card> card_;
  std::deque<journey_handle> waiting_;
  std::size_t under_way_ = 0;
  std::size_t next_ = 0; ///< which of the servers is asked
  std::uint64_t requests_ = 0;
  std::uint64_t batches_ = 0;
};

struct writer_state {
  std::unique_ptr<writing> work;
};

caf::behavior take_writes(caf::stateful_actor<writer_state>* self,
                          const std::shared_ptr<node_writer::collaborators>& with) {
  self->state.work = std::make_unique<writing>(self, *with);
  return {[self](const attempt& message) {
            self->state.work->note("attempt");
            self->state.work->set_out(message.one);
          },
          [self](const answered& message) {
            self->state.work->note("answered");
            self->state.work->arrived(message);
          }};
}

} // namespace

struct node_writer::state {
  std::shared_ptr<collaborators> with;
  std::mutex mutex;
  caf::actor actor;
};

node_writer::node_writer(collaborators with) : state_(std::make_shared<state>()) {
  state_->with = std::make_shared<collaborators>(with);
  state_->actor = with.system.spawn(take_writes, state_->with);
}

node_writer::~node_writer() {
  const std::scoped_lock hold(state_->mutex);
  caf::anon_send_exit(std::exchange(state_->actor, nullptr), caf::exit_reason::user_shutdown);
}

void node_writer::write(write_command command) {
  const net::exchange_handle exchange = answer_to(std::move(command.done));
  net::forwarded_request what;
  what.http = travelling_form(command, {}).http;
  what.quiet = true;
  send(std::move(what), exchange);
}

void node_writer::ask(net::http_request http, net::exchange_handle exchange) {
  net::forwarded_request what;
  what.http = std::move(http);
  send(std::move(what), std::move(exchange));
}

void node_writer::send(net::forwarded_request what, net::exchange_handle exchange) {
  const std::scoped_lock hold(state_->mutex);
  if (!state_->actor)
    return answer_error(*exchange, {.kind = error_kind::unavailable, .message = "this node is stopping"});
  const auto one = std::make_shared<journey>();
  one->what = std::move(what);
  one->what.request_id = fmt::format("{:016x}", state_->with->random.next());
  one->exchange = std::move(exchange);
  one->until = state_->with->clock.steady_now() + patience;
  caf::anon_send(state_->actor, node_writer_messages::attempt{one});
}

} // namespace actord::actors
