#include "actors/scheduler/scheduler_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/controllers/event_recorder.hpp"
#include "actors/controllers/read_objects.hpp"
#include "actors/controllers/verdict_board.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/scheduler/place.hpp"
#include "actors/scheduler/scheduling_queue.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/namespace_view.hpp"

#include <caf/all.hpp>

#include <atomic>

namespace actord::actors {

namespace {

using wake_atom = caf::atom_constant<caf::atom("wake")>;
using decide_atom = caf::atom_constant<caf::atom("decide")>;
using begin_atom = caf::atom_constant<caf::atom("begin")>;

constexpr std::string_view our_name = "default-scheduler";
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

} // namespace

} // namespace actord::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<actord::actors::binding_answer>)

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
      : self_(actor), context_(std::move(given)), random_(random),
        card_(context_->registry.enroll("scheduler", std::string(our_name))), alive_(context_->live) {}

  void begin() {
    cursors_.clear();
    cluster_ = placement_state();
    queue_ = scheduling_queue();
    node_views_.clear();
    const auto snapshot = context_->store.read();
    for (const resource_id resource : {nodes_, namespaces_, pods_}) {
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
      context_->events.record(
          {key_of(*answer.pod), answer.pod->uid, "", false, "Scheduled",
           "Successfully assigned " + answer.pod->space + '/' + answer.pod->name + " to " + answer.node,
           std::string(our_name), ""});
    } else {
      forget(answer);
    }
    if (queue_.ready() > 0) decide();
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
    } else if (removed) {
      drop_pod(object->uid());
    } else if (!is_familiar(event, object.value())) {
      put_pod(object.value());
    }
  }

  /// A bound pod whose change does not matter here, such as a status report: not worth parsing.
  [[nodiscard]] bool is_familiar(const storage::store_event& event, const schema::object_view& pod) const {
    if (pod.node_name().empty() || !event.previous || cluster_.node_of(pod.uid()) != pod.node_name())
      return false;
    if (pod.pod_phase() == "Succeeded" || pod.pod_phase() == "Failed") return false;
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
    cluster_.put_namespace(std::string(space.name()), labels_of(space));
  }

  void forget_waiting(const std::string& uid) {
    queue_.remove(uid);
    waiting_.erase(uid);
    reported_.erase(uid);
  }

  void drop_pod(std::string_view uid) {
    forget_waiting(std::string(uid));
    if (cluster_.node_of(uid).empty()) return;
    cluster_.remove_pod(uid);
    queue_.retry_all();
  }

  void put_pod(const schema::object_view& object) {
    if (object.pod_phase() == "Succeeded" || object.pod_phase() == "Failed") return drop_pod(object.uid());
    const schema::pod_view view = schema::parse_pod(object.text());
    auto pod = std::make_shared<scheduling_pod>(scheduling_view(view));
    if (!pod->node_name.empty()) {
      forget_waiting(pod->uid);
      const std::string node = pod->node_name;
      // A new neighbour may be what another pod's affinity waits for.
      if (cluster_.node_of(pod->uid) != node) queue_.retry_all();
      cluster_.put_pod(std::move(pod), node);
      return;
    }
    const bool ours = view.spec.scheduler_name == our_name && !pod->being_deleted && pod->gates.empty();
    if (!ours) return forget_waiting(pod->uid);
    if (!cluster_.node_of(pod->uid).empty()) return; // its binding is under way
    // Our own condition on a pod that waits is no reason to try it again.
    if (const auto known = waiting_.find(pod->uid);
        known != waiting_.end() && queue_.knows(pod->uid) && known->second == object.generation())
      return;
    waiting_[pod->uid] = object.generation();
    queue_.put(std::move(pod), object.at());
  }

  void decide_one(scheduling_queue::item item, steady_time now) {
    const placement where = place(cluster_, *item.pod, random_.next());
    context_->verdicts.note(key_of(*item.pod),
                            {std::string(our_name), where.message(), context_->store.now(), item.at});
    ++decided_;
    if (!where.node) {
      report_unplaced(item, where);
      queue_.set_aside(std::move(item), now);
      return;
    }
    cluster_.put_pod(item.pod, *where.node);
    waiting_.erase(item.pod->uid);
    reported_.erase(item.pod->uid);
    bind(item, *where.node);
  }

  void bind(const scheduling_queue::item& item, const std::string& node) {
    ++bindings_;
    write_command command = command_for(*item.pod, item.at, "bind", "placed on " + node);
    command.verb = write_verb::create;
    command.subresource = "binding";
    command.body =
        json{{"apiVersion", "v1"},
             {"kind", "Binding"},
             {"metadata", {{"name", item.pod->name}, {"namespace", item.pod->space}, {"uid", item.pod->uid}}},
             {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}}
            .dump();
    command.done = [me = caf::actor_cast<caf::actor>(self_), pod = item.pod, node, at = item.at,
                    attempts = item.attempts](const result<write_answer>& outcome) {
      auto answer = std::make_shared<binding_answer>(binding_answer{pod, node, at, attempts, std::nullopt});
      if (!outcome) answer->refused = outcome.error();
      caf::anon_send(me, std::move(answer));
    };
    context_->router.submit(std::move(command));
  }

  /// A refused binding: the pod is gone or bound already, which the watch tells, or it waits for another try.
  void forget(const binding_answer& answer) {
    const auto snapshot = context_->store.read();
    const auto object = schema::object_view::open(snapshot->get(key_of(*answer.pod)));
    if (object && object->uid() == answer.pod->uid && !object->node_name().empty()) return;
    cluster_.remove_pod(answer.pod->uid);
    if (!object || object->uid() != answer.pod->uid || object->being_deleted()) return;
    queue_.set_aside({answer.pod, answer.at, answer.attempts}, context_->clock.steady_now());
    queue_.retry_all();
    decide_later(std::chrono::seconds(1));
  }

  /// Once per message: the condition PodScheduled and an Event.
  void report_unplaced(const scheduling_queue::item& item, const placement& where) {
    const std::string message = where.message();
    std::string& told = reported_[item.pod->uid];
    context_->events.record(
        {key_of(*item.pod), item.pod->uid, "", true, "FailedScheduling", message, std::string(our_name), ""});
    if (told == message) return;
    told = message;
    write_command command = command_for(*item.pod, item.at, "patch", "no node fits");
    command.verb = write_verb::patch;
    command.subresource = "status";
    command.patch = schema::patch_format::strategic_merge_patch;
    command.body =
        json{{"status",
              {{"conditions",
                json::array({{{"type", "PodScheduled"},
                              {"status", "False"},
                              {"reason", "Unschedulable"},
                              {"message", message},
                              {"lastProbeTime", nullptr},
                              {"lastTransitionTime", schema::format_time(context_->store.now())}}})}}}}
            .dump();
    command.done = [](const result<write_answer>&) {};
    context_->router.submit(std::move(command));
  }

  write_command command_for(const scheduling_pod& pod, revision at, std::string_view verb,
                            std::string why) const {
    write_command command;
    command.key = key_of(pod);
    command.only_uid = pod.uid;
    command.only_in_term = context_->term;
    command.field_manager = our_name;
    command.caller = {.user = "system:kube-scheduler",
                      .uid = {},
                      .groups = {"system:masters", "system:authenticated"},
                      .extra = {}};
    command.cause = {std::string(our_name), std::string(verb), "", at, std::move(why)};
    return command;
  }

  object_key key_of(const scheduling_pod& pod) const { return {pods_, pod.space, pod.name}; }

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
  const std::shared_ptr<const controller_context> context_;
  random_source& random_;
  const std::shared_ptr<actor_card> card_;
  const actor_gate::place alive_;
  const std::shared_ptr<std::atomic<bool>> woken_ = std::make_shared<std::atomic<bool>>(false);
  std::vector<std::unique_ptr<storage::watch_cursor>> cursors_;

  placement_state cluster_;
  scheduling_queue queue_;
  std::map<std::string, schema::node_view>
      node_views_;                              ///< what matters of each node, to tell whether a change helps
  std::map<std::string, std::int64_t> waiting_; ///< generation of each waiting pod, by uid
  std::map<std::string, std::string> reported_; ///< what each unplaced pod was told last, by uid
  std::size_t bindings_ = 0;                    ///< under way
  std::uint64_t decided_ = 0;
  std::optional<steady_time> decide_at_; ///< when the next `decide` of our own comes

  const resource_id nodes_ = schema::builtin("", "nodes").id;
  const resource_id namespaces_ = schema::builtin("", "namespaces").id;
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
  };
}

} // namespace

caf::actor spawn_scheduler(std::shared_ptr<const controller_context> context, random_source& random) {
  caf::actor_system& system = context->system;
  return system.spawn(scheduler, std::move(context), &random);
}

} // namespace actord::actors
