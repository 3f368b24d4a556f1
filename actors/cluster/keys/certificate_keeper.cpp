#include "actors/cluster/keys/certificate_keeper.hpp"

#include "actors/console/actor_gate.hpp"
#include "actors/console/actor_registry.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace actord::actors::certificate_messages {

/// Time to look, unless another look was planned since.
struct look {
  std::uint64_t plan = 0;
};
/// Look at once.
struct look_now {};
/// Do that, then look.
struct job {
  std::function<void()> run;
};

} // namespace actord::actors::certificate_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::certificate_messages::look)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::certificate_messages::look_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::certificate_messages::job)

namespace actord::actors {
namespace {

using namespace certificate_messages;
using std::chrono::milliseconds;

constexpr milliseconds shortest = std::chrono::seconds(1);
constexpr milliseconds longest = std::chrono::hours(1);
constexpr milliseconds after_failure = std::chrono::minutes(1);

struct keeper_state {
  std::shared_ptr<actor_card> card;
  std::shared_ptr<actor_gate::place> place;
  std::uint64_t plan = 0; ///< of the newest planned look: older ones are void
  wall_time due{};
};

struct keeper_plan {
  certificate_keeper::collaborators with;
  wall_time due;
  certificate_keeper::renewal renew;
  /// Taken before the actor has a thread: whoever destroys the keeper at once waits for it all the same.
  std::shared_ptr<actor_gate::place> place;
};

caf::behavior keep_certificates(caf::stateful_actor<keeper_state>* self,
                                const std::shared_ptr<keeper_plan>& plan) {
  keeper_state& state = self->state;
  state.card = plan->with.registry.enroll("cluster", "certificates");
  state.place = std::move(plan->place);
  state.due = plan->due;
  const auto plan_look = [self](milliseconds wait) {
    self->delayed_send(self, wait, look{++self->state.plan});
  };
  const auto work = [self, plan, plan_look] {
    const wall_time now = plan->with.clock.wall_now();
    if (auto next = plan->renew(); next) {
      self->state.due = *next;
      self->state.card->summarize("next due " + schema::format_time(*next));
      return plan_look(renewal_wait(now, *next));
    } else {
      spdlog::error("certificates cannot be renewed: {}", next.error().message);
      self->state.card->summarize("failed: " + next.error().message);
      plan_look(retry_wait(now, self->state.due));
    }
  };
  plan_look(renewal_wait(plan->with.clock.wall_now(), plan->due));
  return {[self, work, plan, plan_look](const look& message) {
            self->state.card->handled("look", 0);
            if (message.plan != self->state.plan) return;
            const wall_time now = plan->with.clock.wall_now();
            if (now < self->state.due) return plan_look(renewal_wait(now, self->state.due));
            work();
          },
          [self, work](look_now) {
            self->state.card->handled("look now", 0);
            work();
          },
          [self, work](const job& message) {
            self->state.card->handled("job", 0);
            message.run();
            work();
          }};
}

} // namespace

milliseconds renewal_wait(wall_time now, wall_time due) {
  if (due <= now + shortest) return shortest;
  if (due > now + longest) return longest;
  return std::chrono::ceil<milliseconds>(due - now);
}

milliseconds retry_wait(wall_time now, wall_time ends) {
  return std::min(after_failure, std::max(shortest, renewal_wait(now, ends)));
}

struct certificate_keeper::state {
  std::shared_ptr<actor_gate> gate = std::make_shared<actor_gate>();
  caf::actor actor;
};

certificate_keeper::certificate_keeper(collaborators with, wall_time due, renewal renew)
    : state_(std::make_unique<state>()) {
  const auto plan = std::make_shared<keeper_plan>(
      keeper_plan{with, due, std::move(renew), std::make_shared<actor_gate::place>(state_->gate)});
  // Signing and writing files take milliseconds: on a thread of its own nobody else waits for them.
  state_->actor = with.system.spawn<caf::detached>(keep_certificates, plan);
}

certificate_keeper::~certificate_keeper() {
  caf::anon_send_exit(state_->actor, caf::exit_reason::user_shutdown);
  state_->gate->wait_until_empty();
}

void certificate_keeper::run(std::function<void()> job) {
  caf::anon_send(state_->actor, certificate_messages::job{std::move(job)});
}

std::function<void()> certificate_keeper::waker() const {
  return [actor = state_->actor] { caf::anon_send(actor, certificate_messages::look_now{}); };
}

void certificate_keeper::look_now() { caf::anon_send(state_->actor, certificate_messages::look_now{}); }

} // namespace actord::actors
