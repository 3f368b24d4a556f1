#include "actors/api/forwarding/leader_wait.hpp"

#include "actors/console/actor_registry.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

namespace actord::actors::leader_wait_messages {

/// Something waits and no timer runs.
struct arm {};
struct timer {};
struct wake {};

} // namespace actord::actors::leader_wait_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::leader_wait_messages::arm)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::leader_wait_messages::timer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::leader_wait_messages::wake)

namespace actord::actors {
namespace {

namespace messages = leader_wait_messages;

constexpr std::chrono::milliseconds interval{20};

struct waiter_state {
  std::shared_ptr<actor_card> card;
};

} // namespace

struct leader_wait::state {
  /// Held while what waited runs and is given up: that may drop the last owner of the whole, whose stop() is
  /// then called from within its own turn.
  std::recursive_mutex turn;
  std::mutex mutex;
  std::vector<std::function<void()>> waiting;
  bool armed = false; ///< the timer runs, or is about to
  caf::actor actor;   ///< null once it ended

  void run(bool timer) {
    const std::scoped_lock running(turn);
    std::vector<std::function<void()>> due;
    {
      const std::scoped_lock hold(mutex);
      if (timer) armed = false;
      due.swap(waiting);
    }
    for (const auto& again : due) again();
  }
};

namespace {

template <class Shared>
caf::behavior wait_for_leaders(caf::stateful_actor<waiter_state>* self, const std::shared_ptr<Shared>& shared,
                               actor_registry* registry) {
  self->state.card = registry->enroll("leader wait", "requests");
  return {[self](messages::arm) { self->delayed_send(self, interval, messages::timer{}); },
          [self, shared](messages::timer) {
            self->state.card->handled("timer", 0);
            shared->run(true);
          },
          [self, shared](messages::wake) {
            self->state.card->handled("wake", 0);
            shared->run(false);
          }};
}

} // namespace

leader_wait::leader_wait(caf::actor_system& system, actor_registry& registry)
    : state_(std::make_shared<state>()) {
  state_->actor = system.spawn(wait_for_leaders<state>, state_, &registry);
}

void leader_wait::stop() {
  std::vector<std::function<void()>> dropped;
  {
    const std::scoped_lock hold(state_->mutex);
    if (!state_->actor) return;
    dropped.swap(state_->waiting);
    caf::anon_send_exit(std::exchange(state_->actor, nullptr), caf::exit_reason::user_shutdown);
  }
  const std::scoped_lock ran(state_->turn);
}

void leader_wait::park(std::function<void()> again) {
  const std::scoped_lock hold(state_->mutex);
  if (!state_->actor) return;
  state_->waiting.push_back(std::move(again));
  if (!std::exchange(state_->armed, true)) caf::anon_send(state_->actor, messages::arm{});
}

void leader_wait::wake() {
  const std::scoped_lock hold(state_->mutex);
  if (state_->actor) caf::anon_send(state_->actor, messages::wake{});
}

} // namespace actord::actors
