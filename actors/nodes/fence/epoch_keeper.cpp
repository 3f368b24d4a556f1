#include "actors/nodes/fence/epoch_keeper.hpp"

#include "actors/console/actor_gate.hpp"
#include "actors/console/actor_registry.hpp"
#include "actors/nodes/fence/node_epoch.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <utility>

namespace actord::actors::epoch_messages {

struct ask_now {};
struct answered {
  runtime::boot_time sent;
  result<epoch_answer> what;
};

} // namespace actord::actors::epoch_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::epoch_messages::ask_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::epoch_messages::answered)

namespace actord::actors {
namespace {

using namespace epoch_messages;

struct keeper_setup {
  epoch_keeper::collaborators with;
  std::shared_ptr<actor_gate::place> alive; ///< taken before the actor runs
};

struct keeper_state {
  std::shared_ptr<actor_card> card;
  std::shared_ptr<keeper_setup> setup;
};

caf::behavior keep(caf::stateful_actor<keeper_state>* self, std::shared_ptr<keeper_setup> setup) {
  self->state.card = setup->with.registry.enroll("epoch", "of this node");
  self->state.setup = std::move(setup);
  self->send(self, ask_now{});
  return {[self](ask_now) {
            self->state.card->handled("ask", self->mailbox().size());
            const auto me = caf::actor_cast<caf::actor>(self);
            const runtime::boot_time sent = runtime::boot_clock::now();
            self->state.setup->with.ask([me, sent](result<epoch_answer> what) {
              caf::anon_send(me, answered{sent, std::move(what)});
            });
          },
          [self](const answered& message) {
            self->state.card->handled("answer", self->mailbox().size());
            node_epoch& epoch = self->state.setup->with.epoch;
            if (!message.what) {
              self->state.card->summarize("not heard: " + message.what.error().message);
            } else if (*message.what == epoch_answer::alone) {
              epoch.alone();
              self->state.card->summarize("the only server: no deadline");
            } else {
              epoch.answered_yes(message.sent);
              self->state.card->summarize("heard");
            }
            self->delayed_send(self, message.what ? epoch_period : epoch_retry, ask_now{});
          }};
}

} // namespace

struct epoch_keeper::state {
  const std::shared_ptr<actor_gate> gate = std::make_shared<actor_gate>();
  caf::actor actor;
};

epoch_keeper::epoch_keeper(collaborators with) : state_(std::make_unique<state>()) {
  caf::actor_system& system = with.system;
  auto setup = std::make_shared<keeper_setup>(
      keeper_setup{std::move(with), std::make_shared<actor_gate::place>(state_->gate)});
  state_->actor = system.spawn(keep, std::move(setup));
}

epoch_keeper::~epoch_keeper() {
  caf::anon_send_exit(std::exchange(state_->actor, nullptr), caf::exit_reason::user_shutdown);
  state_->gate->wait_until_empty();
}

} // namespace actord::actors
