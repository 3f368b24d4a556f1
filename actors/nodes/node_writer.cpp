#include "actors/nodes/node_writer.hpp"

#include "actors/api/api_request.hpp"
#include "actors/api/forwarding/command_request.hpp"
#include "actors/console/actor_registry.hpp"
#include "net/peer/forwarding.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fmt/format.h>
#include <mutex>
#include <utility>

namespace actord::actors {
namespace {

/// One request on its way.
struct journey {
  net::forwarded_request what;
  net::exchange_handle exchange;
  steady_time until;
  std::size_t tries = 0;
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
  journey_handle one;
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

struct writer_state {
  std::shared_ptr<actor_card> card;
};

caf::behavior take_writes(caf::stateful_actor<writer_state>* self,
                          const std::shared_ptr<node_writer::collaborators>& with) {
  self->state.card = with->registry.enroll("node writer", "writes");
  const auto me = caf::actor_cast<caf::actor>(self);
  const auto later = [self, with](const journey_handle& one, std::string why) {
    if (with->clock.steady_now() < one->until) return self->delayed_send(self, pause, attempt{one});
    answer_error(*one->exchange, {.kind = error_kind::unavailable, .message = std::move(why)});
  };
  return {[=](const attempt& message) {
            self->state.card->handled("attempt", self->mailbox().size());
            const journey_handle& one = message.one;
            const auto servers = with->contact.servers();
            if (servers.empty()) return later(one, "no server of the cluster is known");
            with->contact.call(servers[one->tries++ % servers.size()], node_write_method,
                               net::encode_forwarded(one->what), call_deadline,
                               [me, one](result<std::string> answer) {
                                 caf::anon_send(me, answered{one, std::move(answer)});
                               });
          },
          [=](const answered& message) {
            self->state.card->handled("answered", self->mailbox().size());
            const journey_handle& one = message.one;
            if (!message.answer) {
              const error& why = message.answer.error();
              // Whether it had an effect is not known: whoever is asked next looks first.
              if (why.kind == error_kind::timeout) one->what.again = true;
              if (why.kind == error_kind::timeout || why.kind == error_kind::unavailable)
                return later(one, "no server of the cluster answers: " + why.message);
              return answer_error(*one->exchange, why);
            }
            auto answer = net::decode_forwarded_answer(*message.answer);
            if (!answer) return answer_error(*one->exchange, answer.error());
            if (auto* told = std::get_if<net::forwarded_answer::answered>(&answer->what))
              return one->exchange->respond(std::move(told->response));
            if (std::holds_alternative<net::forwarded_answer::leader_lost>(answer->what))
              one->what.again = true;
            later(one, "no server leads the cluster");
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
  net::forwarded_request what = travelling_form(command, {});
  ask(std::move(what.http), exchange);
}

void node_writer::ask(net::http_request http, net::exchange_handle exchange) {
  const std::scoped_lock hold(state_->mutex);
  if (!state_->actor)
    return answer_error(*exchange, {.kind = error_kind::unavailable, .message = "this node is stopping"});
  const auto one = std::make_shared<journey>();
  one->what.request_id = fmt::format("{:016x}", state_->with->random.next());
  one->what.http = std::move(http);
  one->exchange = std::move(exchange);
  one->until = state_->with->clock.steady_now() + patience;
  caf::anon_send(state_->actor, node_writer_messages::attempt{one});
}

} // namespace actord::actors
