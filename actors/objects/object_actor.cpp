#include "actors/objects/object_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/conversion/write_conversions.hpp"
#include "actors/objects/first_outcome.hpp"
#include "actors/objects/plan_conversion.hpp"
#include "actors/webhooks/webhook_gate.hpp"
#include "schema/base/always.hpp"
#include "schema/custom/definition.hpp"
#include "schema/object/converted_object.hpp"
#include "storage/leader_errors.hpp"

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
/// Something to do for a command that was set aside.
struct resume {
  std::function<void()> job;
};
/// Whether the state that an answer follows from was still the newest.
struct confirmed {
  result<void> ready;
};

} // namespace actord::actors::object_messages

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::object_messages::command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::object_messages::settled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::object_messages::confirmed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::object_messages::resume)

namespace actord::actors {
namespace {

/// A plan may meet what no check foresaw; that ends the request, not the daemon.
result<write_plan> plan_safely(const write_environment& environment, const write_command& command,
                               write_reviews* reviews, write_conversions* conversions) {
  try {
    return plan_write(environment, command, reviews, conversions);
  } catch (const std::exception& failure) {
    return error{.kind = error_kind::internal,
                 .message = std::string("Internal error occurred: ") + failure.what(),
                 .causes = {},
                 .subject = {}};
  }
}

error outcome_unknown(const storage::unknown& outcome) {
  return storage::leader_lost("the server cannot tell whether the request took effect: " + outcome.why);
}

/// What a command is set aside for.
enum class pause : std::uint8_t {
  reviews, ///< admission webhooks
  forms,   ///< what is stored, in the command's version: the plan is made again
  storing, ///< what shall be stored, in the version that is stored
};

/// A command while webhooks are asked about it.
struct command_aside {
  pause why;
  std::shared_ptr<write_command> command;
  std::shared_ptr<write_reviews> reviews;         ///< null: none have a say
  std::shared_ptr<write_conversions> conversions; ///< null: none converts the kind
  result<write_plan> plan = write_plan{};         ///< meaningful unless it was given up
  raft_term planned_in;
  int attempt = 0;
  std::optional<error> failure; ///< of the conversion for storing
};

/// The failed conversion that ends a write. Where only the ownership of fields could not be followed into
/// other versions, an apply ends; other writes leave those entries as they are.
std::optional<error> end_of(const write_command& command, const write_conversions* conversions) {
  if (conversions == nullptr) return {};
  const bool applies = command.verb == write_verb::patch && command.patch == schema::patch_format::apply;
  return conversions->failure() || !applies ? conversions->failure() : conversions->tree_failure();
}

void add_audit_notes(const write_command& command, const write_reviews& reviews) {
  if (!command.audit_notes) return;
  for (const auto& [name, value] : reviews.audit_notes()) (*command.audit_notes)[name] = value;
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
        [this](const object_messages::confirmed& message) {
          card_->handled("confirmed", waiting_.size());
          finish_confirmed(message.ready);
          start_next();
        },
        [this](const object_messages::resume& message) {
          card_->handled("resume", waiting_.size());
          message.job();
        },
    };
  }

private:
  void begin(object_assignment& assignment) {
    ALWAYS(!current_ && waiting_.empty() && back_.empty());
    card_->hand_over(std::move(assignment.title));
    on_idle_ = std::move(assignment.on_idle);
    handled_ = 0;
  }

  void start_next() {
    while (!current_ && !(waiting_.empty() && back_.empty())) {
      if (!back_.empty()) {
        const std::shared_ptr<command_aside> next = std::move(back_.front());
        back_.pop_front();
        go_on(*next);
        continue;
      }
      current_ = std::move(waiting_.front());
      waiting_.pop_front();
      attempt_ = 0;
      try_current();
    }
    if (!current_) on_idle_(handled_);
  }

  void try_current() {
    ++attempt_;
    if (attempt_ == 1 && current_->again && !current_->request_id.empty()) {
      looks_back_ = true;
      return propose(earlier_try(*current_));
    }
    const webhook_gate* webhooks = setup_.environment->webhooks;
    plan_current(webhooks == nullptr ? nullptr : webhooks->begin(*current_), begin_conversions());
  }

  /// Null where none converts the kind.
  [[nodiscard]] std::shared_ptr<write_conversions> begin_conversions() const {
    const webhook_gate* webhooks = setup_.environment->webhooks;
    const conversion_gate* gate = webhooks == nullptr ? nullptr : webhooks->conversions();
    if (gate == nullptr || !may_be_custom(current_->key.resource)) return nullptr;
    const schema::resource_handle type = schema::resource_of(current_->key.resource);
    if (type == nullptr || !schema::converts(*type)) return nullptr;
    return std::make_shared<write_conversions>(*gate);
  }

  void plan_current(std::shared_ptr<write_reviews> reviews, std::shared_ptr<write_conversions> conversions) {
    planned_in_ = setup_.environment->store.status().term;
    auto plan = plan_safely(*setup_.environment, *current_, reviews.get(), conversions.get());
    if (const std::optional<error> why = end_of(*current_, conversions.get())) return answer(*why);
    if (conversions != nullptr && conversions->wants())
      return have_converted(std::move(reviews), std::move(conversions));
    if (reviews != nullptr) return ask_about(std::move(reviews), std::move(conversions), std::move(plan));
    carry_out(std::move(plan));
  }

  void carry_out(result<write_plan> plan) {
    if (!plan) return answer_confirmed(plan.error());
    if (plan->unstored) return convert_for_storing(std::move(*plan));
    if (plan->transaction.changes.empty()) return answer_confirmed(std::move(plan->answer));
    plan_ = std::move(*plan);
    propose(std::move(plan_.transaction));
  }

  [[nodiscard]] webhook_gate::runner in_turn() const {
    return [self = caf::actor_cast<caf::actor>(self_)](std::function<void()> job) {
      caf::anon_send(self, object_messages::resume{std::move(job)});
    };
  }

  std::shared_ptr<command_aside> set_aside(pause why) {
    const auto aside = std::make_shared<command_aside>();
    aside->why = why;
    aside->command = std::move(current_);
    aside->planned_in = planned_in_;
    aside->attempt = attempt_;
    current_.reset();
    return aside;
  }

  void take_back(const std::shared_ptr<command_aside>& aside) {
    back_.push_back(aside);
    if (!current_) start_next();
  }

  /// Until nobody is to be asked any more.
  void ask_about(std::shared_ptr<write_reviews> reviews, std::shared_ptr<write_conversions> conversions,
                 result<write_plan> plan) {
    if (!plan && !reviews->interrupted()) return carry_out(std::move(plan));
    const auto aside = set_aside(pause::reviews);
    aside->reviews = reviews;
    aside->conversions = std::move(conversions);
    aside->plan = std::move(plan);
    setup_.environment->webhooks->carry_out(std::move(reviews), in_turn(),
                                            [this, aside] { take_back(aside); });
  }

  /// What the plan could not go on without.
  void have_converted(std::shared_ptr<write_reviews> reviews,
                      std::shared_ptr<write_conversions> conversions) {
    const auto aside = set_aside(pause::forms);
    aside->reviews = std::move(reviews);
    aside->conversions = conversions;
    conversions->fetch(in_turn(), [this, aside] { take_back(aside); });
  }

  void convert_for_storing(write_plan plan) {
    const auto aside = set_aside(pause::storing);
    const schema::resource_handle type = plan.unstored->type;
    const schema::resource_handle stored(type, &type->custom->definition->stored_row());
    const conversion_gate::tree_conversion what{type, stored, std::move(plan.unstored->object)};
    aside->plan = std::move(plan);
    setup_.environment->webhooks->conversions()->convert_tree(
        what, [this, aside, run = in_turn()](result<json> converted) {
          run([this, aside, converted = std::move(converted)] {
            if (converted)
              store_converted(*aside->command, *converted, *aside->plan);
            else
              aside->failure = converted.error();
            take_back(aside);
          });
        });
  }

  void go_on(command_aside& aside) {
    current_ = std::move(aside.command);
    attempt_ = aside.attempt;
    planned_in_ = aside.planned_in;
    switch (aside.why) {
    case pause::reviews:
      return go_on_reviewed(aside);
    case pause::forms:
      return plan_current(std::move(aside.reviews), std::move(aside.conversions));
    case pause::storing:
      if (aside.failure) return answer(*aside.failure);
      return carry_out(std::move(aside.plan));
    }
  }

  void go_on_reviewed(command_aside& aside) {
    add_audit_notes(*current_, *aside.reviews);
    if (const auto& refusal = aside.reviews->refusal())
      return answer(error_of(*refusal, aside.reviews->warnings()));
    if (aside.reviews->interrupted())
      return plan_current(std::move(aside.reviews), std::move(aside.conversions));
    if (aside.plan) {
      std::vector<std::string>& warnings = aside.plan->answer.warnings;
      const auto& said = aside.reviews->warnings();
      warnings.insert(warnings.end(), said.begin(), said.end());
    }
    carry_out(std::move(aside.plan));
  }

  void propose(storage::transaction what) {
    setup_.environment->store.propose(std::move(what), [self = caf::actor_cast<caf::actor>(self_)](
                                                           storage::outcome outcome) {
      caf::anon_send(self, object_messages::settled{std::make_shared<storage::outcome>(std::move(outcome))});
    });
  }

  void settle(storage::outcome outcome) {
    const bool looked_back = std::exchange(looks_back_, false);
    if (auto* done = std::get_if<storage::committed>(&outcome)) {
      // What took effect may be what an earlier try proposed.
      answer(current_->again ? outcome_at(setup_.environment->store, *current_, done->revisions)
                             : result<write_answer>(finish_write(std::move(plan_), *done)));
    } else if (auto* refusal = std::get_if<storage::refused>(&outcome)) {
      follow_refusal(*refusal, looked_back);
    } else {
      answer(outcome_unknown(std::get<storage::unknown>(outcome)));
    }
    if (!current_) start_next();
  }

  void follow_refusal(const storage::refused& refusal, bool looked_back) {
    if (storage::is_for_the_leader(refusal.why)) return answer(refusal.why);
    if (looked_back) {
      if (is_no_earlier_try(refusal)) return try_current();
      return answer(storage::leader_lost("the server cannot tell whether an earlier try took effect: " +
                                         refusal.why.message));
    }
    refusal_verdict verdict = judge_refusal(*current_, plan_, refusal, attempt_);
    if (verdict.retry)
      try_current();
    else
      answer_confirmed(std::move(verdict.answer));
  }

  /// What follows from the state and not from a commit is true only if no other member has led meanwhile: a
  /// leader that was cut off would answer "not found" for what exists since.
  void answer_confirmed(result<write_answer> what) {
    finding_ = std::move(what);
    setup_.environment->store.confirm_reads([self = caf::actor_cast<caf::actor>(self_)](result<void> ready) {
      caf::anon_send(self, object_messages::confirmed{std::move(ready)});
    });
  }

  void finish_confirmed(const result<void>& ready) {
    // Who leads now can tell.
    if (!ready) return answer(storage::not_leading(ready.error().message));
    // Whoever leads now confirmed that this member has all there is now, not that it had when it planned.
    const storage::store_status status = setup_.environment->store.status();
    if (!status.leading || status.term != planned_in_)
      return answer(storage::not_leading("this server stopped leading the cluster"));
    answer(std::move(finding_));
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
  std::deque<std::shared_ptr<command_aside>> back_; ///< from webhooks, before those that have yet to begin
  std::shared_ptr<write_command> current_;          ///< null: idle
  write_plan plan_;                                 ///< of current_, while the store works on it
  result<write_answer> finding_ = write_answer{};   ///< of current_, while the state is confirmed
  raft_term planned_in_;                            ///< the store's term when current_ was planned
  int attempt_ = 0;
  bool looks_back_ = false;   ///< the store is asked for an earlier try of current_
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
