#include "actors/scheduler/scheduler_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/controllers/event_recorder.hpp"
#include "actors/controllers/read_objects.hpp"
#include "actors/controllers/verdict_board.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/scheduler/place.hpp"
#include "actors/scheduler/preemption.hpp"
#include "actors/scheduler/scheduler_writes.hpp"
#include "actors/scheduler/scheduling_queue.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/namespace_view.hpp"

#include <caf/all.hpp>

#include <atomic>

namespace actord::actors {

namespace {

using wake_atom = caf::atom_constant<caf::atom("wake")>;
using decide_atom = caf::atom_constant<caf::atom("decide")>;
using begin_atom = caf::atom_constant<caf::atom("begin")>;

constexpr std::size_t events_per_turn = 1024;
constexpr std::size_t decisions_per_turn = 64;
/// Bindings under way: beyond this, deciding waits for answers.
constexpr std::size_t most_bindings = 1024;
constexpr auto leader_check = std::chrono::milliseconds(500);

/// The outcome of one binding.
struct binding_answer {
  std::shared_ptr<const scheduling_pod> pod;
  std::string node;
  revision at;
  int attempts = 0;
  std::optional<error> refused;
};

/// The outcome of one write about a pod that has to leave.
struct victim_answer {
  std::shared_ptr<const scheduling_pod> victim;
  std::string preemptor_uid;
  std::string node;
  revision at;
  bool deleted = false; ///< else only marked
  std::optional<error> refused;
};

} // namespace

} // namespace actord::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<actord::actors::binding_answer>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<actord::actors::victim_answer>)

namespace actord::actors {

namespace {

/// What decides whether a node could help a pod that found no place.
bool helps(const schema::node_view& now, const schema::node_view& before) {
  return now.allocatable != before.allocatable || now.meta.labels != before.meta.labels ||
         now.taints != before.taints || now.unschedulable != before.unschedulable;
}

class scheduler_work {
public:
  scheduler_work(caf::event_based_actor* actor, std::shared_ptr<const controller_context> given,
                 random_source& random)
      : self_(actor), context_(std::move(given)), writes_(context_), random_(random),
        card_(context_->registry.enroll("scheduler", std::string(scheduler_name))), alive_(context_->live) {}

  void begin() {
    cursors_.clear();
    cluster_ = placement_state();
    queue_ = scheduling_queue();
    node_views_.clear();
    budgets_ = budget_book();
    waiting_.clear();
    const auto snapshot = context_->store.read();
    for (const resource_id resource : {nodes_, namespaces_, disruption_budgets_, pods_}) {
      auto wake = [me = caf::actor_cast<caf::actor_addr>(self_), flag = woken_] {
        if (flag->exchange(true)) return;
        if (auto strong = caf::actor_cast<caf::actor>(me)) caf::anon_send(strong, wake_atom::value);
      };
      auto cursor = context_->store.watch({resource, "", ""}, snapshot->at(), std::move(wake));
      if (!cursor) {
        self_->delayed_send(self_, leader_check, begin_atom::value);
        return;
      }
      cursors_.push_back(std::move(cursor).value());
    }
    each_object(*snapshot, nodes_, "",
                [&](const schema::object_view& node) { put_node(schema::parse_node(node.text())); });
    each_object(*snapshot, namespaces_, "", [&](const schema::object_view& space) { put_namespace(space); });
    each_object(*snapshot, disruption_budgets_, "",
                [&](const schema::object_view& budget) { put_budget(budget); });
    each_object(*snapshot, pods_, "", [&](const schema::object_view& pod) { put_pod(pod); });
    drain();
  }

  void drain() {
    woken_->store(false);
    bool more = false;
    for (const auto& cursor : cursors_) {
      auto events = cursor->next(events_per_turn);
      if (!events) return begin(); // fell behind the history: look at everything again
      more = more || events->size() == events_per_turn;
      for (const storage::store_event& event : events.value()) take(event);
    }
    if (more && !woken_->exchange(true)) self_->send(self_, wake_atom::value);
    decide();
  }

  void decide_due() {
    decide_at_.reset();
    decide();
  }

  void decide() {
    if (!context_->store.status().leading) return decide_later(leader_check);
    const steady_time now = context_->clock.steady_now();
    const auto again = queue_.tick(now);
    for (std::size_t i = 0; i < decisions_per_turn && bindings_ < most_bindings; ++i) {
      auto item = queue_.next();
      if (!item) break;
      decide_one(std::move(*item), now);
    }
    summarize();
    if (queue_.ready() > 0 && bindings_ < most_bindings)
      decide_later(std::chrono::nanoseconds(0));
    else if (again)
      decide_later(*again - now);
  }

  void answered(const binding_answer& answer) {
    --bindings_;
    if (!answer.refused) {
      writes_.announce_placed(*answer.pod, answer.node);
    } else {
      forget(answer);
    }
    if (queue_.ready() > 0) decide();
  }

  void answered(const victim_answer& answer) {
    // One that is gone has made room too.
    const bool failed = answer.refused && answer.refused->kind != error_kind::not_found;
    if (!answer.refused && !answer.deleted)
      return order(answer, true, writes_.delete_victim(*answer.victim, answer.at));
    if (!answer.refused) writes_.announce_preempted(*answer.victim, answer.preemptor_uid, answer.node);
    if (failed) spare(*answer.victim);
    const auto preemptor = preempting_.find(answer.preemptor_uid);
    if (preemptor == preempting_.end() || --preemptor->second > 0) return;
    queue_.release(preemptor->first);
    preempting_.erase(preemptor);
    if (failed) queue_.retry_all();
    decide();
  }

  void note(const char* message) { card_->handled(message, self_->mailbox().size()); }

private:
  void take(const storage::store_event& event) {
    const auto object = schema::object_view::open(*event.value);
    if (!object) return;
    const bool removed = event.kind == storage::event_kind::removed;
    if (event.key.resource == nodes_) {
      if (removed)
        remove_node(event.key.name);
      else
        put_node(schema::parse_node(object->text()));
    } else if (event.key.resource == namespaces_) {
      if (removed)
        cluster_.remove_namespace(event.key.name);
      else
        put_namespace(object.value());
    } else if (event.key.resource == disruption_budgets_) {
      if (removed)
        budgets_.remove(event.key.space, event.key.name);
      else
        put_budget(object.value());
    } else if (removed) {
      drop_pod(object->uid());
    } else if (!is_familiar(event, object.value())) {
      put_pod(object.value());
    }
  }

  void put_budget(const schema::object_view& budget) {
    budgets_.put(std::string(budget.space()), std::string(budget.name()),
                 schema::parse_budget(budget.text()));
  }

  /// A bound pod whose change does not matter here, such as a status report once it has started: not worth
  /// parsing.
  [[nodiscard]] bool is_familiar(const storage::store_event& event, const schema::object_view& pod) const {
    if (pod.node_name().empty() || !event.previous || cluster_.node_of(pod.uid()) != pod.node_name() ||
        !cluster_.placed_pod(pod.uid())->started)
      return false;
    if (pod.pod_phase() == "Succeeded" || pod.pod_phase() == "Failed") return false;
    if (resized_.contains(std::string(pod.uid()))) return false;
    const auto before = schema::object_view::open(*event.previous);
    return before && before->node_name() == pod.node_name() &&
           before->being_deleted() == pod.being_deleted() && before->generation() == pod.generation() &&
           before->labels() == pod.labels();
  }

  void put_node(const schema::node_view& node) {
    const auto known = node_views_.find(node.meta.name);
    if (known == node_views_.end() || helps(node, known->second)) queue_.retry_all();
    cluster_.put_node(node);
    schema::node_view kept;
    kept.meta.labels = node.meta.labels;
    kept.taints = node.taints;
    kept.unschedulable = node.unschedulable;
    kept.allocatable = node.allocatable;
    node_views_.insert_or_assign(node.meta.name, std::move(kept));
  }

  void remove_node(const std::string& name) {
    cluster_.remove_node(name);
    node_views_.erase(name);
  }

  void put_namespace(const schema::object_view& space) {
    std::string name(space.name());
    schema::text_map labels = labels_of(space);
    if (const auto* const before = cluster_.namespace_labels(name); before != nullptr && *before != labels)
      queue_.retry_all(); // affinity may choose namespaces by their labels
    cluster_.put_namespace(std::move(name), std::move(labels));
  }

  void forget_waiting(const std::string& uid) {
    queue_.remove(uid);
    waiting_.erase(uid);
    reported_.erase(uid);
    // The room that was kept for it is anybody's again.
    if (cluster_.nominated().node_of(uid).empty()) return;
    cluster_.nominated().withdraw(uid);
    queue_.retry_all();
  }

  /// Whoever holds less than before leaves room for those who wait.
  [[nodiscard]] bool shrinks(const scheduling_pod& pod) const {
    const auto before = cluster_.placed_pod(pod.uid);
    return before != nullptr && (pod.request.milli_cpu < before->request.milli_cpu ||
                                 pod.request.memory_bytes < before->request.memory_bytes);
  }

  void drop_pod(std::string_view uid) {
    forget_waiting(std::string(uid));
    leaving_.erase(std::string(uid));
    resized_.erase(std::string(uid));
    const auto pod = cluster_.placed_pod(uid);
    if (!pod) return;
    const std::string node(cluster_.node_of(uid));
    cluster_.remove_pod(uid);
    queue_.retry_all();
    const auto slot = cluster_.slot_of(node);
    if (!pod->preempted || !slot) return;
    for (const auto& nominee : cluster_.nominated().on(node))
      if (pod->priority < nominee->priority && !room_is_being_made(cluster_, *nominee, *slot))
        queue_.hurry(nominee->uid);
  }

  void put_pod(const schema::object_view& object) {
    if (object.pod_phase() == "Succeeded" || object.pod_phase() == "Failed") return drop_pod(object.uid());
    const schema::pod_view view = schema::parse_pod(object.text());
    auto pod = std::make_shared<scheduling_pod>(scheduling_view(view));
    if (!pod->node_name.empty()) {
      if (is_being_resized(view))
        resized_.insert(pod->uid);
      else
        resized_.erase(pod->uid);
      return put_bound(std::move(pod));
    }
    const bool ours = view.spec.scheduler_name == scheduler_name && !pod->being_deleted && pod->gates.empty();
    if (!ours) return forget_waiting(pod->uid);
    if (!cluster_.node_of(pod->uid).empty()) return; // its binding is under way
    const auto known = waiting_.find(pod->uid);
    const bool fresh = known == waiting_.end();
    if (pod->nominated_node != (fresh ? "" : known->second.nominated)) {
      cluster_.nominated().withdraw(pod->uid);
      if (!pod->nominated_node.empty()) cluster_.nominated().put(pod, pod->nominated_node);
    } else if (const std::string node(cluster_.nominated().node_of(pod->uid)); !node.empty()) {
      cluster_.nominated().put(pod, node);
    }
    waiting_pod now{object.generation(), pod->labels, pod->nominated_node};
    // Our own condition on a pod that waits is no reason to try it again.
    const bool same = !fresh && queue_.knows(pod->uid) && known->second.generation == now.generation &&
                      known->second.labels == now.labels;
    waiting_.insert_or_assign(pod->uid, std::move(now));
    if (!same) queue_.put(std::move(pod), object.at());
  }

  void put_bound(std::shared_ptr<scheduling_pod> pod) {
    forget_waiting(pod->uid);
    if (pod->being_deleted)
      leaving_.erase(pod->uid);
    else if (leaving_.count(pod->uid) > 0)
      pod->being_deleted = pod->preempted = true;
    const std::string node = pod->node_name;
    const auto before = cluster_.placed_pod(pod->uid);
    // A new neighbour may be what another pod's affinity waits for, or one that has other labels or less now.
    if (!before || cluster_.node_of(pod->uid) != node || before->labels != pod->labels || shrinks(*pod) ||
        (queue_.some_wait_to_spread() && before->being_deleted != pod->being_deleted))
      queue_.retry_all();
    cluster_.put_pod(std::move(pod), node);
  }

  void decide_one(scheduling_queue::item item, steady_time now) {
    pod_relations relations(cluster_, *item.pod);
    const placement where = place(cluster_, *item.pod, random_.next(), relations);
    ++decided_;
    if (where.node) {
      note_verdict(item, where.message());
      cluster_.put_pod(item.pod, *where.node);
      const std::string_view nominated = cluster_.nominated().node_of(item.pod->uid);
      if (!nominated.empty() && nominated != *where.node) queue_.retry_all();
      cluster_.nominated().withdraw(item.pod->uid);
      waiting_.erase(item.pod->uid);
      reported_.erase(item.pod->uid);
      return bind(item, *where.node);
    }
    const auto pod = item.pod;
    const revision at = item.at;
    std::string message = where.message();
    preemption found;
    std::optional<std::string> nominate;
    if (where.nodes > 0) {
      found = preempt(cluster_, *pod, where, budgets_, random_.next(), relations);
      nominate = found.node;
      if (!found.reason.empty()) message += " preemption: " + found.reason;
      if (!found.node && !found.keeps_nomination && !cluster_.nominated().node_of(pod->uid).empty())
        nominate = "";
    }
    note_verdict(item, found.node ? message + " Room is being made on " + *found.node + '.' : message);
    report_unplaced(item, message, nominate);
    queue_.set_aside(std::move(item), now);
    if (nominate) cluster_.nominated().withdraw(pod->uid);
    if (found.node) make_room(pod, at, found);
  }

  void note_verdict(const scheduling_queue::item& item, std::string text) {
    context_->verdicts.note(writes_.key_of(*item.pod),
                            {std::string(scheduler_name), std::move(text), context_->store.now(), item.at});
  }

  void bind(const scheduling_queue::item& item, const std::string& node) {
    ++bindings_;
    write_command command = writes_.bind(*item.pod, item.at, node);
    command.done = [me = caf::actor_cast<caf::actor>(self_), pod = item.pod, node, at = item.at,
                    attempts = item.attempts](const result<write_answer>& outcome) {
      auto answer = std::make_shared<binding_answer>(binding_answer{pod, node, at, attempts, std::nullopt});
      if (!outcome) answer->refused = outcome.error();
      caf::anon_send(me, std::move(answer));
    };
    context_->router.submit(std::move(command));
  }

  /// Nominates the node; the pod is tried again when those who leave it are told so and one of them is gone.
  void make_room(const std::shared_ptr<const scheduling_pod>& pod, revision at, const preemption& found) {
    // Pods of a lower priority that waited for that room look for another.
    for (const auto& other : cluster_.nominated().below(*pod, *found.node)) {
      cluster_.nominated().withdraw(other->uid);
      if (const auto told = reported_.find(other->uid); told != reported_.end()) told->second.nominated = "";
      queue_.put(other, at);
      submit(writes_.clear_nomination(*other, at));
    }
    cluster_.nominated().put(pod, *found.node);
    std::size_t told = 0;
    for (const auto& victim : found.leave) {
      if (victim->being_deleted) continue;
      auto leaving = std::make_shared<scheduling_pod>(*victim);
      leaving->being_deleted = leaving->preempted = true;
      leaving_.insert(victim->uid);
      cluster_.put_pod(std::move(leaving), *found.node);
      order({victim, pod->uid, *found.node, at, false, std::nullopt}, false,
            writes_.mark_victim(*victim, at));
      ++told;
    }
    if (told == 0) return;
    preempting_[pod->uid] += told;
    queue_.hold(pod->uid);
    if (queue_.some_wait_to_spread()) queue_.retry_all();
  }

  void order(victim_answer about, bool deletes, write_command command) {
    about.deleted = deletes;
    command.done = [me = caf::actor_cast<caf::actor>(self_),
                    about = std::move(about)](const result<write_answer>& outcome) {
      auto answer = std::make_shared<victim_answer>(about);
      if (!outcome) answer->refused = outcome.error();
      caf::anon_send(me, std::move(answer));
    };
    context_->router.submit(std::move(command));
  }

  /// It could not be told to leave: it counts as it stands in the store.
  void spare(const scheduling_pod& victim) {
    leaving_.erase(victim.uid);
    const auto snapshot = context_->store.read();
    const auto object = schema::object_view::open(snapshot->get(writes_.key_of(victim)));
    if (object && object->uid() == victim.uid)
      put_pod(object.value());
    else
      drop_pod(victim.uid);
  }

  /// A refused binding: the pod is gone or bound already, which the watch tells, or it waits for another try.
  void forget(const binding_answer& answer) {
    const auto snapshot = context_->store.read();
    const auto object = schema::object_view::open(snapshot->get(writes_.key_of(*answer.pod)));
    if (object && object->uid() == answer.pod->uid && !object->node_name().empty()) return;
    cluster_.remove_pod(answer.pod->uid);
    if (!object || object->uid() != answer.pod->uid || object->being_deleted()) return;
    queue_.set_aside({answer.pod, answer.at, answer.attempts}, context_->clock.steady_now());
    queue_.retry_all();
    decide_later(std::chrono::seconds(1));
  }

  /// Each time an Event, once per message or nomination the status.
  void report_unplaced(const scheduling_queue::item& item, const std::string& message,
                       const std::optional<std::string>& nominate) {
    writes_.announce_unplaced(*item.pod, message);
    told_pod& told = reported_[item.pod->uid];
    if (told.message == message && (!nominate || *nominate == told.nominated)) return;
    told.message = message;
    if (nominate) told.nominated = *nominate;
    submit(writes_.tell_unplaced(*item.pod, item.at, message, nominate));
  }

  void submit(write_command command) {
    command.done = [](const result<write_answer>&) {};
    context_->router.submit(std::move(command));
  }

  /// One timer at a time, the earliest.
  void decide_later(std::chrono::nanoseconds wait) {
    const steady_time when = context_->clock.steady_now() + wait;
    if (decide_at_ && *decide_at_ <= when) return;
    decide_at_ = when;
    if (wait > std::chrono::nanoseconds(0))
      self_->delayed_send(self_, wait, decide_atom::value);
    else
      self_->send(self_, decide_atom::value);
  }

  void summarize() {
    card_->summarize(std::to_string(cluster_.node_count()) + " nodes, " +
                     std::to_string(cluster_.pod_count()) + " pods placed, " +
                     std::to_string(queue_.ready() + queue_.waiting()) + " wait, " +
                     std::to_string(decided_) + " decided");
  }

  caf::event_based_actor* const self_;
  /// What the API last said of a pod that waits.
  struct waiting_pod {
    std::int64_t generation = 0;
    schema::text_map labels;
    std::string nominated;
  };
  /// What an unplaced pod was told last.
  struct told_pod {
    std::string message;
    std::string nominated;
  };

  const std::shared_ptr<const controller_context> context_;
  const scheduler_writes writes_;
  random_source& random_;
  const std::shared_ptr<actor_card> card_;
  const actor_gate::place alive_;
  const std::shared_ptr<std::atomic<bool>> woken_ = std::make_shared<std::atomic<bool>>(false);
  std::vector<std::unique_ptr<storage::watch_cursor>> cursors_;

  placement_state cluster_;
  scheduling_queue queue_;
  std::map<std::string, schema::node_view>
      node_views_; ///< what matters of each node, to tell whether a change helps
  budget_book budgets_;
  std::map<std::string, waiting_pod> waiting_;    ///< by uid
  std::map<std::string, told_pod> reported_;      ///< by uid
  std::map<std::string, std::size_t> preempting_; ///< pods whose victims are being told: how many, by uid
  std::set<std::string> leaving_;                 ///< uids of victims whose end the store does not show yet
  std::set<std::string> resized_; ///< uids of placed pods whose amounts may be about to change
  std::size_t bindings_ = 0;      ///< under way
  std::uint64_t decided_ = 0;
  std::optional<steady_time> decide_at_; ///< when the next `decide` of our own comes

  const resource_id nodes_ = schema::builtin("", "nodes").id;
  const resource_id namespaces_ = schema::builtin("", "namespaces").id;
  const resource_id disruption_budgets_ = schema::builtin("policy", "poddisruptionbudgets").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
};

struct scheduler_state {
  std::unique_ptr<scheduler_work> work;
};

caf::behavior scheduler(caf::stateful_actor<scheduler_state>* self,
                        std::shared_ptr<const controller_context> context, random_source* random) {
  self->state.work = std::make_unique<scheduler_work>(self, std::move(context), *random);
  const auto note = [self](const char* message) { self->state.work->note(message); };
  self->send(self, begin_atom::value);
  return {
      [=](begin_atom) {
        note("begin");
        self->state.work->begin();
      },
      [=](wake_atom) {
        note("wake");
        self->state.work->drain();
      },
      [=](decide_atom) {
        note("decide");
        self->state.work->decide_due();
      },
      [=](const std::shared_ptr<binding_answer>& answer) {
        note("bound");
        self->state.work->answered(*answer);
      },
      [=](const std::shared_ptr<victim_answer>& answer) {
        note("victim");
        self->state.work->answered(*answer);
      },
  };
}

} // namespace

caf::actor spawn_scheduler(std::shared_ptr<const controller_context> context, random_source& random) {
  caf::actor_system& system = context->system;
  return system.spawn(scheduler, std::move(context), &random);
}

} // namespace actord::actors
