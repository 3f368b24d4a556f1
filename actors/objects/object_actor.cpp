#include "actors/objects/object_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "schema/base/always.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <deque>

namespace actord::actors::object_messages {

struct command {
  std::shared_ptr<write_command> what;
  std::shared_ptr<object_assignment> assignment; ///< null: of the same object as before
};
/// The store's answer to the transaction of one attempt.
struct settled {
  std::shared_ptr<storage::outcome> outcome;
};

} // namespace actord::actors::object_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::object_messages::command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::object_messages::settled)

namespace actord::actors {
namespace {

/// A plan may meet what no check foresaw; that ends the request, not the daemon.
result<write_plan> plan_safely(const write_environment& environment, const write_command& command) {
  try {
    return plan_write(environment, command);
  } catch (const std::exception& failure) {
    return error{.kind = error_kind::internal,
                 .message = std::string("Internal error occurred: ") + failure.what(),
                 .causes = {},
                 .subject = {}};
  }
}

error outcome_unknown(const storage::unknown& outcome) {
  return {.kind = error_kind::timeout,
          .message = "the server cannot tell whether the request took effect: " + outcome.why,
          .causes = {},
          .subject = {}};
}

class object_behavior {
public:
  object_behavior(caf::event_based_actor* self, object_actor_setup setup)
      : self_(self), setup_(std::move(setup)) {
    card_ = setup_.registry->enroll("object", {});
  }

  caf::behavior make() {
    return {
        [this](const object_messages::command& message) {
          if (message.assignment) begin(*message.assignment);
          card_->handled("command", waiting_.size());
          waiting_.push_back(message.what);
          if (!current_) start_next();
        },
        [this](const object_messages::settled& message) {
          card_->handled("settled", waiting_.size());
          settle(std::move(*message.outcome));
        },
    };
  }

private:
  void begin(object_assignment& assignment) {
    ALWAYS(!current_ && waiting_.empty());
    card_->hand_over(std::move(assignment.title));
    on_idle_ = std::move(assignment.on_idle);
    handled_ = 0;
  }

  void start_next() {
    while (!current_ && !waiting_.empty()) {
      current_ = std::move(waiting_.front());
      waiting_.pop_front();
      attempt_ = 0;
      try_current();
    }
    if (!current_) on_idle_(handled_);
  }

  void try_current() {
    ++attempt_;
    auto plan = plan_safely(*setup_.environment, *current_);
    if (!plan) return answer(plan.error());
    if (plan->transaction.changes.empty()) return answer(std::move(plan->answer));
    plan_ = std::move(*plan);
    setup_.environment->store.propose(std::move(plan_.transaction), [self = caf::actor_cast<caf::actor>(
                                                                         self_)](storage::outcome outcome) {
      caf::anon_send(self, object_messages::settled{std::make_shared<storage::outcome>(std::move(outcome))});
    });
  }

  void settle(storage::outcome outcome) {
    if (auto* done = std::get_if<storage::committed>(&outcome)) {
      answer(finish_write(std::move(plan_), *done));
    } else if (auto* refusal = std::get_if<storage::refused>(&outcome)) {
      refusal_verdict verdict = judge_refusal(*current_, plan_, *refusal, attempt_);
      if (verdict.retry)
        try_current();
      else
        answer(std::move(verdict.answer));
    } else {
      answer(outcome_unknown(std::get<storage::unknown>(outcome)));
    }
    if (!current_) start_next();
  }

  void answer(result<write_answer> what) {
    const std::shared_ptr<write_command> command = std::move(current_);
    current_.reset();
    plan_ = {};
    ++handled_;
    if (command->done) command->done(std::move(what));
  }

  caf::event_based_actor* self_;
  object_actor_setup setup_;
  std::shared_ptr<actor_card> card_;
  std::function<void(std::uint64_t)> on_idle_;
  std::deque<std::shared_ptr<write_command>> waiting_;
  std::shared_ptr<write_command> current_; ///< null: idle
  write_plan plan_;                        ///< of current_, while the store works on it
  int attempt_ = 0;
  std::uint64_t handled_ = 0; ///< of the object at hand
};

struct object_state {
  std::unique_ptr<object_behavior> behavior;
};

} // namespace

caf::actor spawn_object_actor(caf::actor_system& system, object_actor_setup setup) {
  return system.spawn(
      [](caf::stateful_actor<object_state>* self,
         const std::shared_ptr<object_actor_setup>& given) -> caf::behavior {
        self->state.behavior = std::make_unique<object_behavior>(self, std::move(*given));
        return self->state.behavior->make();
      },
      std::make_shared<object_actor_setup>(std::move(setup)));
}

void send_command(const caf::actor& object, write_command command,
                  std::unique_ptr<object_assignment> assignment) {
  caf::anon_send(object, object_messages::command{std::make_shared<write_command>(std::move(command)),
                                                  std::move(assignment)});
}

void retire(const caf::actor& object) { caf::anon_send_exit(object, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
