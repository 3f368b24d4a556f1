#include "actors/controllers/reconciler_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/controllers/event_recorder.hpp"
#include "actors/controllers/verdict_board.hpp"
#include "actors/objects/object_router.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

/// Rounds for one key are at least this far apart: what happens in between is looked at once.
constexpr auto coalesce = std::chrono::milliseconds(20);
constexpr auto first_back_off = std::chrono::milliseconds(20);
constexpr auto longest_back_off = std::chrono::seconds(30);
constexpr auto leader_check = std::chrono::milliseconds(500);

/// Refused for what was asked, not for when: repeating it soon is no use, and the decision should know.
bool is_refusal(error_kind kind) {
  return kind == error_kind::invalid || kind == error_kind::forbidden || kind == error_kind::bad_request ||
         kind == error_kind::too_large;
}

/// The state moved on since the snapshot: the next one shows it.
bool is_outdated(error_kind kind) {
  return kind == error_kind::conflict || kind == error_kind::not_found || kind == error_kind::already_exists;
}

/// The namespace goes away and all in it with it: nothing is to be done, and nothing is wrong.
bool is_farewell(const error& why) {
  return std::any_of(why.causes.begin(), why.causes.end(),
                     [](const auto& cause) { return cause.reason == "NamespaceTerminating"; });
}

/// As the default role of that controller is named.
std::string account_of(const controller_kind& kind) {
  const std::string_view name = kind.name();
  return "system:controller:" + std::string(name == "daemonset" ? "daemon-set" : name) + "-controller";
}

std::string display(const controller_kind& kind, const object_key& key) {
  std::string out(kind.name());
  out += ' ';
  if (!key.space.empty()) out += key.space + '/';
  return out + key.name;
}

} // namespace

class reconciler_work {
public:
  reconciler_work(caf::event_based_actor* actor, std::shared_ptr<const controller_context> given,
                  std::shared_ptr<const controller_kind> of_kind, object_key of_key, caf::actor of_parent)
      : self_(actor), context_(std::move(given)), kind_(std::move(of_kind)), key_(std::move(of_key)),
        parent_(std::move(of_parent)), card_(context_->registry.enroll("reconciler", display(*kind_, key_))),
        work_(context_->registry.work_of(std::string(kind_->name()))), alive_(context_->live) {}

  ~reconciler_work() {
    if (dirty_) --work_->depth;
  }
  reconciler_work(const reconciler_work&) = delete;
  reconciler_work& operator=(const reconciler_work&) = delete;

  void look(const look_request& request) {
    ++looks_;
    queue();
    if (request.own)
      trigger_ = std::max(trigger_, request.at);
    else
      other_trigger_ = std::max(other_trigger_, request.at);
    schedule();
  }

  void answered(const action_answer& answer) {
    if (answer.round != round_ || pending_ == 0) return;
    if (answer.outcome)
      succeeded(answer.index, answer.outcome.value());
    else
      fail(answer.index, answer.outcome.error());
    if (--pending_ == 0) settle();
  }

  void start() {
    start_is_due_ = false;
    if (dirty_) schedule();
  }

  /// The timer rang, perhaps for a round that is over: what the latest one asked for counts.
  void requeue() {
    timer_.reset();
    if (pending_ > 0 || dirty_ || !decided_.requeue_at) return;
    if (*decided_.requeue_at > context_->store.now()) return arm_timer();
    queue();
    schedule();
  }

  void note(const char* message) { card_->handled(message, self_->mailbox().size()); }

private:
  /// There is something to look at.
  void queue() {
    if (std::exchange(dirty_, true)) return;
    queued_ = context_->clock.steady_now();
    ++work_->adds;
    ++work_->depth;
  }

  /// At once, unless a round is under way, just was, or failed lately.
  void schedule() {
    if (pending_ > 0 || start_is_due_) return;
    const steady_time now = context_->clock.steady_now();
    const steady_time when = std::max(not_before_, last_start_ + coalesce);
    if (!started_ || when <= now) return begin();
    start_is_due_ = true;
    self_->delayed_send(self_, when - now, start_atom::value);
  }

  void begin() {
    if (!context_->store.status().leading) return begin_later(leader_check);
    auto snapshot = context_->store.read();
    if (snapshot->at() < floor_) return await_floor();
    started_ = true;
    last_start_ = context_->clock.steady_now();
    if (std::exchange(dirty_, false)) {
      --work_->depth;
      work_->waited.observe(last_start_ - queued_);
    }
    ++round_;
    decided_ = kind_->reconcile({*snapshot, key_, context_->store.now(), refusal_ ? &*refusal_ : nullptr});
    remember_subject(*snapshot);
    context_->verdicts.note(key_,
                            {signature_of(*kind_), decided_.verdict, context_->store.now(), snapshot->at()});
    card_->summarize(decided_.verdict);
    snapshot.reset();
    for (const auto& event : decided_.events) record(event, event.regarding.value_or(key_), "");
    submit_all();
  }

  void begin_later(std::chrono::nanoseconds wait) {
    start_is_due_ = true;
    self_->delayed_send(self_, wait, start_atom::value);
  }

  /// An answer can be ahead of what this thread reads only for the moment between commit and publication.
  void await_floor() {
    start_is_due_ = true;
    context_->store.wait_for(floor_, std::chrono::seconds(5),
                             [me = caf::actor_cast<caf::actor>(self_)](const result<void>&) {
                               caf::anon_send(me, start_atom::value);
                             });
  }

  void remember_subject(const storage::snapshot& state) {
    subject_uid_.clear();
    cause_ = trigger_ > revision() ? trigger_ : other_trigger_;
    trigger_ = other_trigger_ = revision();
    const std::string_view bytes = state.get(key_);
    if (bytes.empty()) return;
    auto object = schema::object_view::open(bytes);
    if (!object) return;
    subject_uid_ = object->uid();
    if (cause_ == revision()) cause_ = object->at();
  }

  void submit_all() {
    pending_ = decided_.create.size() + decided_.patch.size() + decided_.remove.size();
    failed_ = false;
    conflicted_ = false;
    refused_.reset();
    std::size_t index = 0;
    for (const auto& item : decided_.create) {
      write_command command = command_for(item.key, item.note, write_verb::create, index++);
      command.body = item.body.dump();
      context_->router.submit(std::move(command));
    }
    for (const auto& item : decided_.patch) {
      write_command command = command_for(item.key, item.note, write_verb::patch, index++);
      command.subresource = item.subresource;
      command.body = item.patch.dump();
      command.patch = schema::patch_format::merge_patch;
      command.only_uid = item.uid;
      command.only_at = item.at;
      context_->router.submit(std::move(command));
    }
    for (const auto& item : decided_.remove) {
      write_command command = command_for(item.key, item.note, write_verb::remove, index++);
      command.removal.how = item.how;
      command.removal.uid = item.uid;
      command.removal.grace_period_s = item.grace_s;
      command.only_uid = item.uid;
      command.only_at = item.at;
      context_->router.submit(std::move(command));
    }
    if (pending_ == 0) settle();
  }

  write_command command_for(const object_key& target, const std::string& note, write_verb verb,
                            std::size_t index) {
    const std::string signature = signature_of(*kind_);
    write_command command;
    command.verb = verb;
    command.key = target;
    command.field_manager = signature;
    command.caller = {.user = account_of(*kind_),
                      .uid = {},
                      .groups = {"system:masters", "system:authenticated"},
                      .extra = {}};
    command.cause = {signature,
                     verb == write_verb::create  ? "create"
                     : verb == write_verb::patch ? "patch"
                                                 : "delete",
                     "", cause_, note};
    command.only_in_term = context_->term;
    command.done = [me = caf::actor_cast<caf::actor>(self_), number = round_,
                    index](result<write_answer> outcome) {
      caf::anon_send(me, std::make_shared<action_answer>(action_answer{number, index, std::move(outcome)}));
    };
    return command;
  }

  /// Index of an action to what it announces: creates first, then patches, then removals.
  [[nodiscard]] const std::optional<planned_event>& announcement(std::size_t index) const {
    if (index < decided_.create.size()) return decided_.create[index].announce;
    index -= decided_.create.size();
    if (index < decided_.patch.size()) return decided_.patch[index].announce;
    return decided_.remove[index - decided_.patch.size()].announce;
  }

  void succeeded(std::size_t index, const write_answer& answer) {
    std::string name;
    if (answer.stored) {
      auto object = schema::object_view::open(*answer.stored);
      if (object) {
        floor_ = std::max(floor_, object->at());
        name = object->name();
      }
    }
    if (const auto& event = announcement(index)) record(*event, event->regarding.value_or(key_), name);
  }

  void fail(std::size_t index, const error& why) {
    card_->summarize(why.message);
    const bool removal = index >= decided_.create.size() + decided_.patch.size();
    if (removal && why.kind == error_kind::not_found) return; // gone is what we wanted
    if (is_farewell(why)) return;
    (is_outdated(why.kind) ? conflicted_ : failed_) = true;
    if (!is_refusal(why.kind)) return;
    refused_ = why;
    if (announcement(index) && index < decided_.create.size())
      record({true, "FailedCreate", "Error creating: " + why.message}, key_, "");
  }

  /// All actions of the round were answered.
  void settle() {
    refusal_ = refused_;
    work_->worked.observe(context_->clock.steady_now() - last_start_);
    if (failed_ || conflicted_) {
      const auto wait = std::min<std::chrono::nanoseconds>(
          first_back_off * (std::int64_t{1} << std::min(attempts_, 20)), longest_back_off);
      ++attempts_;
      not_before_ = context_->clock.steady_now() + wait;
      ++work_->retries;
      queue();
    } else {
      attempts_ = 0;
    }
    if (dirty_) return schedule();
    if (decided_.requeue_at) {
      arm_timer();
    } else {
      self_->send(parent_, idle_notice{key_, looks_});
    }
  }

  /// One timer at a time, the earliest: rounds are many and their deadlines far. It runs by the clock that
  /// nobody sets, so that a time of day comes nearer when the clock on the wall is set forward.
  void arm_timer() {
    const auto wait =
        std::max<std::chrono::nanoseconds>(*decided_.requeue_at - context_->store.now(), coalesce);
    const steady_time rings = context_->clock.steady_now() + wait;
    if (timer_ && *timer_ <= rings) return;
    timer_ = rings;
    self_->delayed_send(self_, wait, requeue_atom::value);
  }

  void record(const planned_event& event, const object_key& regarding, const std::string& name) {
    std::string message = event.message;
    if (const auto hole = message.find("{}"); hole != std::string::npos) message.replace(hole, 2, name);
    context_->events.record({regarding, regarding == key_ ? subject_uid_ : std::string(), "", event.warning,
                             event.reason, std::move(message), signature_of(*kind_), ""});
  }

  caf::event_based_actor* const self_;
  const std::shared_ptr<const controller_context> context_;
  const std::shared_ptr<const controller_kind> kind_;
  const object_key key_;
  const caf::actor parent_;
  const std::shared_ptr<actor_card> card_;
  const std::shared_ptr<work_counters> work_;
  const actor_gate::place alive_;

  std::uint64_t looks_ = 0;
  revision trigger_, other_trigger_; ///< what made it look since the last round
  bool dirty_ = false;
  bool started_ = false;
  bool start_is_due_ = false; ///< a start message is on its way
  steady_time last_start_{}, not_before_{}, queued_{};
  int attempts_ = 0;

  std::optional<steady_time> timer_; ///< when the timer that is running rings
  std::uint64_t round_ = 0;
  plan decided_;
  revision cause_;
  std::string subject_uid_;
  std::size_t pending_ = 0; ///< actions not answered yet
  bool failed_ = false, conflicted_ = false;
  std::optional<error> refused_; ///< in this round
  std::optional<error> refusal_; ///< in the last one
  revision floor_;               ///< the next snapshot must reach it
};

reconciler_state::reconciler_state() = default;
reconciler_state::~reconciler_state() = default;

std::string signature_of(const controller_kind& kind_) { return std::string(kind_.name()) + "-controller"; }

caf::behavior reconciler(reconciler_self* self, std::shared_ptr<const controller_context> context,
                         std::shared_ptr<const controller_kind> kind, object_key key, caf::actor parent) {
  self->state.work = std::make_unique<reconciler_work>(self, std::move(context), std::move(kind),
                                                       std::move(key), std::move(parent));
  const auto note = [self](const char* message) { self->state.work->note(message); };
  return {
      [=](const look_request& request) {
        note("look");
        self->state.work->look(request);
      },
      [=](start_atom) {
        note("start");
        self->state.work->start();
      },
      [=](const std::shared_ptr<action_answer>& answer) {
        note("answer");
        self->state.work->answered(*answer);
      },
      [=](requeue_atom) {
        note("requeue");
        self->state.work->requeue();
      },
      [=](retire_atom) { self->quit(); },
  };
}

} // namespace actord::actors
