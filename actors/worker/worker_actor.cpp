#include "actors/worker/worker_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/worker/content_index.hpp"
#include "actors/worker/resize/allocation_ledger.hpp"
#include "actors/worker/worker_pool.hpp"
#include "schema/base/json.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/node_view.hpp"
#include "storage/store.hpp"

#include <caf/all.hpp>
#include <set>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

struct worker_begin {};
struct worker_news {}; ///< a watch may have something
struct worker_beat {};
struct worker_images {};
struct worker_pod_ended {
  std::string uid;
};
struct worker_pod_finished {
  std::string uid;
};

} // namespace
} // namespace actord::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::worker_begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::worker_news)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::worker_beat)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::worker_images)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::worker_pod_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::worker_pod_finished)

namespace actord::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto lease_period = 10s;
/// An unchanged status is written again after this long, so that heartbeats of its conditions do not look
/// dead.
constexpr auto status_period = 5min;
constexpr std::size_t events_per_turn = 256;

class worker_shell final : public caf::event_based_actor {
public:
  worker_shell(caf::actor_config& config, std::shared_ptr<worker_actor::collaborators> with)
      : caf::event_based_actor(config), with_(std::move(with)), node_name_(with_->pods.node.node_name),
        card_(with_->pods.registry.enroll("worker", node_name_)) {}

  caf::behavior make_behavior() override {
    return {
        [this](const worker_begin&) { begin(); },
        [this](const worker_news&) {
          note("news");
          woken_->store(false);
          read_news();
        },
        [this](const worker_beat&) { beat(); },
        [this](const worker_images&) {
          note("images");
          report_status();
        },
        [this](const worker_pod_ended& ended) {
          note("exit");
          if (const auto found = pods_.find(ended.uid); found != pods_.end()) found->second.something_ended();
        },
        [this](const worker_pod_finished& finished) {
          note("pod finished");
          pods_.erase(finished.uid);
          content_.remove(finished.uid);
          ledger_.remove(finished.uid);
          settle_amounts();
          summarize();
        },
    };
  }

  void on_exit() override {
    for (auto& [uid, pod] : pods_) pod.stop();
    place_.leave();
  }

private:
  void note(const char* message) { card_->handled(message, mailbox().size()); }
  void summarize() { card_->summarize(std::to_string(pods_.size()) + " pods"); }

  void begin() {
    note("begin");
    set_pod_collaborators();
    const auto snapshot = with_->store.read();
    if (const std::string_view value = snapshot->get({nodes_resource_, "", node_name_}); !value.empty())
      if (const auto view = schema::object_view::open(value))
        ledger_.set_allocatable(schema::parse_node(view->text()).allocatable);
    // No resize is decided before all that was set aside is known.
    for (const auto& key : snapshot->on_node(node_name_))
      if (const std::string_view value = snapshot->get(key); !value.empty()) note_amounts(value);
    ledger_.settle(with_->pods.clock.wall_now());
    for (const auto& key : snapshot->on_node(node_name_))
      if (const std::string_view value = snapshot->get(key); !value.empty()) pod_changed(value);
    follow(schema::builtin("", "pods"), snapshot->at());
    follow(schema::builtin("", "configmaps"), snapshot->at());
    follow(schema::builtin("", "secrets"), snapshot->at());
    follow(schema::builtin("", "nodes"), snapshot->at());
    remove_strangers();
    beat();
    summarize();
  }

  void set_pod_collaborators() {
    with_->pods.on_finished = [self = caf::actor_cast<caf::actor>(this)](std::string uid) {
      caf::anon_send(self, worker_pod_finished{std::move(uid)});
    };
    pod_collaborators_ = std::make_shared<const pod_actor::collaborators>(with_->pods);
  }

  /// Wake-ups coalesce: one message at a time, whatever the number of events.
  void follow(const schema::resource_type& resource, revision after) {
    auto wake = [self = caf::actor_cast<caf::actor>(this), woken = woken_] {
      if (!woken->exchange(true)) caf::anon_send(self, worker_news{});
    };
    auto cursor =
        with_->store.watch({.resource = resource.id, .space = {}, .name = {}}, after, std::move(wake));
    if (!cursor) return fail(cursor.error());
    cursors_.push_back(std::move(*cursor));
  }

  /// The stream broke (we fell behind what is kept): begin again from the present state.
  void fail(const error& why) {
    spdlog::warn("worker lost its watch, starts again: {}", why.message);
    cursors_.clear();
    delayed_send(this, 1s, worker_begin{});
  }

  void read_news() {
    for (auto& cursor : cursors_) {
      auto events = cursor->next(events_per_turn);
      if (!events) return fail(events.error());
      for (const auto& event : *events) take(event);
      if (events->size() == events_per_turn && !woken_->exchange(true)) send(this, worker_news{});
    }
  }

  void take(const storage::store_event& event) {
    if (event.key.resource == pods_resource_) {
      if (event.kind == storage::event_kind::removed)
        pod_removed(*event.value);
      else
        pod_changed(*event.value);
      return;
    }
    if (event.key.resource == nodes_resource_) {
      if (event.kind != storage::event_kind::removed && event.key.name == node_name_)
        own_node_changed(*event.value);
      return;
    }
    const std::string_view kind = event.key.resource == secrets_resource_ ? "secret" : "configmap";
    for (const auto& uid : content_.showing(kind, event.key))
      if (const auto found = pods_.find(uid); found != pods_.end()) found->second.content_changed();
  }

  /// Who did not hear us for a while has said so. Nobody but us says that it is over.
  void own_node_changed(std::string_view value) {
    const auto view = schema::object_view::open(value);
    if (!view) return;
    const schema::node_view node = schema::parse_node(view->text());
    ledger_.set_allocatable(node.allocatable);
    settle_amounts();
    const auto* const ready = schema::find_condition(node.conditions, "Ready");
    if (ready == nullptr || ready->status == "True") return;
    status_ = nullptr; // everything is so from now on
    report_status();
  }

  /// The uid of a pod of this node; nothing for any other.
  std::optional<std::string> note_amounts(std::string_view value) {
    const auto view = schema::object_view::open(value);
    if (!view || view->node_name() != node_name_) return std::nullopt;
    const std::string uid(view->uid());
    std::optional<pod_resources> before;
    if (!ledger_.knows(uid)) before = with_->saved_amounts(uid);
    ledger_.put(schema::parse_pod(view->text()), parse_pod_resources(view->text()), before);
    return uid;
  }

  void pod_changed(std::string_view value) {
    const auto uid = note_amounts(value);
    if (!uid) return;
    settle_amounts(*uid);
    deliver(*uid);
  }

  /// Resizes that fit now, or of which there is something else to say: their pods are told, but for one that
  /// is told anyway.
  void settle_amounts(const std::string& but = {}) {
    for (const auto& uid : ledger_.settle(with_->pods.clock.wall_now()))
      if (uid != but) deliver(uid);
  }

  void deliver(const std::string& uid) {
    const schema::pod_view& pod = ledger_.pod(uid);
    if (const auto found = pods_.find(uid); found != pods_.end())
      return found->second.desire(pod, ledger_.given(uid));
    content_.set(uid, pod);
    pods_.emplace(uid, pod_actor::start(pod_collaborators_, pod, ledger_.given(uid)));
    summarize();
  }

  void pod_removed(std::string_view value) {
    const auto view = schema::object_view::open(value);
    if (!view) return;
    if (const auto found = pods_.find(std::string(view->uid())); found != pods_.end()) found->second.forget();
  }

  /// What is left on the machine of pods that the API no longer knows.
  void remove_strangers() {
    std::set<std::string> known;
    for (const auto& [uid, pod] : pods_) known.insert(uid);
    with_->pods.pool.run([with = with_, known = std::move(known)] {
      for (const auto& uid : with->find_leftovers())
        if (!known.contains(uid)) with->remove_leftovers(uid);
    });
  }

  void beat() {
    note("beat");
    const auto now = with_->pods.clock.steady_now();
    if (!registered_) {
      write_node();
    } else {
      renew_lease();
      if (now - status_written_at_ >= status_period) report_status();
    }
    delayed_send(this, registered_ ? lease_period : std::chrono::seconds(1), worker_beat{});
  }

  write_command command_for(write_verb verb, const schema::resource_type& resource, std::string space,
                            std::string name) const {
    write_command command;
    command.verb = verb;
    command.key = {resource.id, std::move(space), std::move(name)};
    command.field_manager = "actord-worker";
    command.caller.user = "system:node:" + node_name_;
    command.caller.groups = {"system:nodes", "system:authenticated"};
    command.cause.actor = "worker/" + node_name_;
    return command;
  }

  void write_node() {
    registered_ = true;
    const auto snapshot = with_->store.read();
    const schema::resource_type& nodes = schema::builtin("", "nodes");
    if (!snapshot->get({nodes.id, "", node_name_}).empty()) return report_status();
    write_command command = command_for(write_verb::create, nodes, "", node_name_);
    command.body = node_object(node_name_, with_->machine, pod_range_).dump();
    command.cause.note = "this machine joins";
    command.done = [self = caf::actor_cast<caf::actor>(this)](result<write_answer> answer) {
      if (!answer && answer.error().kind != error_kind::already_exists)
        spdlog::error("this node could not be registered: {}", answer.error().message);
      caf::anon_send(self, worker_images{});
    };
    with_->pods.router.submit(std::move(command));
    renew_lease();
  }

  void report_status() {
    machine_facts machine = measure_machine(with_->data_dir);
    machine.runtime = with_->machine.runtime;
    machine.address = with_->machine.address;
    json status =
        node_status(node_name_, machine, with_->images.list(), status_, with_->pods.clock.wall_now());
    write_command command = command_for(write_verb::patch, schema::builtin("", "nodes"), "", node_name_);
    command.subresource = "status";
    command.patch = schema::patch_format::strategic_merge_patch;
    command.body = json{{"status", status}}.dump();
    command.cause.note = "status of the node";
    command.done = [](result<write_answer> answer) {
      if (!answer) spdlog::warn("node status not written: {}", answer.error().message);
    };
    with_->pods.router.submit(std::move(command));
    status_ = std::move(status);
    status_written_at_ = with_->pods.clock.steady_now();
  }

  void renew_lease() {
    const schema::resource_type& leases = schema::builtin("coordination.k8s.io", "leases");
    const json lease = node_lease(node_name_, with_->pods.clock.wall_now());
    const bool exists = !with_->store.read()->get({leases.id, "kube-node-lease", node_name_}).empty();
    write_command command =
        command_for(exists ? write_verb::patch : write_verb::create, leases, "kube-node-lease", node_name_);
    command.patch = schema::patch_format::merge_patch;
    command.body = exists ? json{{"spec", {{"renewTime", lease["spec"]["renewTime"]}}}}.dump() : lease.dump();
    command.cause.note = "this node lives";
    command.done = [](result<write_answer>) {};
    with_->pods.router.submit(std::move(command));
  }

  std::shared_ptr<worker_actor::collaborators> with_;
  std::string node_name_;
  std::shared_ptr<actor_card> card_;
  std::shared_ptr<const pod_actor::collaborators> pod_collaborators_;
  std::map<std::string, pod_actor> pods_; ///< by uid
  content_index content_;
  allocation_ledger ledger_;
  std::vector<std::unique_ptr<storage::watch_cursor>> cursors_;
  std::shared_ptr<std::atomic<bool>> woken_ = std::make_shared<std::atomic<bool>>(false);
  bool registered_ = false;
  std::string pod_range_ = with_->pod_range;
  json status_;
  steady_time status_written_at_{};
  const resource_id pods_resource_ = schema::builtin("", "pods").id;
  const resource_id nodes_resource_ = schema::builtin("", "nodes").id;
  const resource_id secrets_resource_ = schema::builtin("", "secrets").id;
  actor_gate::place place_{with_->pods.gate};
};

} // namespace

worker_actor worker_actor::start(collaborators with) {
  auto shared = std::make_shared<collaborators>(std::move(with));
  caf::actor_system& system = shared->pods.system;
  worker_actor made(system.spawn<worker_shell>(std::move(shared)));
  caf::anon_send(made.handle_, worker_begin{});
  return made;
}

void worker_actor::pod_ended(std::string uid) { caf::anon_send(handle_, worker_pod_ended{std::move(uid)}); }

void worker_actor::images_changed() { caf::anon_send(handle_, worker_images{}); }

void worker_actor::stop() { caf::anon_send_exit(handle_, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
