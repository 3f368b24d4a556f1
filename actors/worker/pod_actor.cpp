#include "actors/worker/pod_actor.hpp"

#include "actors/console/actor_registry.hpp"
#include "actors/objects/object_router.hpp"
#include "actors/worker/worker_pool.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

namespace actord::actors {
namespace {

/// Everything that reaches a pod: a name for the console, and what it does to the worker.
struct pod_message {
  const char* name;
  pod_answer apply;
};

/// A timer of its own, so that only the latest one counts.
struct pod_look {
  std::uint64_t serial;
};

} // namespace
} // namespace actord::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::pod_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::pod_look)

namespace actord::actors {
namespace {

/// A strategic merge adds to lists with merge keys; addresses are to be replaced.
void replace_list(json& status, const char* field) {
  if (!status.contains(field)) return;
  json replaced = json::array({json{{"$patch", "replace"}}});
  for (auto& item : status[field]) replaced.push_back(std::move(item));
  status[field] = std::move(replaced);
}

/// It also keeps what is left out of a condition: why the pod was not ready, when it is.
void forget_old_reasons(json& status) {
  if (!status.contains("conditions")) return;
  for (auto& condition : status["conditions"])
    for (const char* field : {"reason", "message"})
      if (!condition.contains(field)) condition[field] = nullptr;
}

/// Nor do conditions go that are left out: those of a resize end with it.
void end_resize_conditions(const schema::pod_view& pod, json& status) {
  if (pod.meta.generation < 2 || !status.contains("conditions")) return;
  json& conditions = status["conditions"];
  for (const char* type : {"PodResizePending", "PodResizeInProgress"})
    if (std::ranges::none_of(conditions, [&](const json& each) { return each.value("type", "") == type; }))
      conditions.push_back({{"$patch", "delete"}, {"type", type}});
}

class pod_shell final : public caf::event_based_actor, public pod_host {
public:
  pod_shell(caf::actor_config& config, std::shared_ptr<const pod_actor::collaborators> with,
            const schema::pod_view& pod)
      : caf::event_based_actor(config), with_(std::move(with)), uid_(pod.meta.uid),
        key_{schema::builtin("", "pods").id, pod.meta.space, pod.meta.name},
        card_(with_->registry.enroll("pod", pod.meta.space + "/" + pod.meta.name)),
        worker_({with_->operations, with_->clock, with_->node, with_->epoch}, *this), place_(with_->gate) {}

  void on_exit() override { place_.leave(); }

  caf::behavior make_behavior() override {
    return {[this](const pod_message& message) { handle(message.name, message.apply); },
            [this](const pod_look& look) {
              if (look.serial == look_serial_) handle("look", [](pod_worker& worker) { worker.look(); });
            }};
  }

  void run(std::function<pod_answer()> job) override {
    with_->pool.run([job = std::move(job), self = caf::actor_cast<caf::actor>(this)] {
      caf::anon_send(self, pod_message{"answer", job()});
    });
  }

  std::function<void(pod_answer)> mailbox_of_answers() override {
    return [self = caf::actor_cast<caf::actor>(this)](pod_answer answer) {
      caf::anon_send(self, pod_message{"probe", std::move(answer)});
    };
  }

  void wake_after(std::chrono::nanoseconds wait) override {
    delayed_send(this, std::chrono::duration_cast<std::chrono::microseconds>(wait), pod_look{++look_serial_});
  }

  void write_status(const schema::pod_view& pod, json status) override {
    replace_list(status, "podIPs");
    replace_list(status, "hostIPs");
    forget_old_reasons(status);
    end_resize_conditions(pod, status);
    write_command command = command_for(write_verb::patch);
    command.subresource = "status";
    command.patch = schema::patch_format::strategic_merge_patch;
    command.body = json{{"status", std::move(status)}}.dump();
    command.cause.note = "status of " + pod.meta.name;
    command.done = [self = caf::actor_cast<caf::actor>(this)](result<write_answer> answer) {
      const bool settled = answer.has_value() || answer.error().kind == error_kind::not_found;
      if (!settled) spdlog::warn("pod status not written: {}", answer.error().message);
      caf::anon_send(self, pod_message{"status written",
                                       [settled](pod_worker& worker) { worker.status_written(settled); }});
    };
    with_->router.submit(std::move(command));
  }

  void claim(std::uint64_t epoch) override {
    write_command command = command_for(write_verb::patch);
    command.subresource = "status";
    command.patch = schema::patch_format::strategic_merge_patch;
    command.body =
        json{{"status",
              {{"conditions",
                json::array({{{"type", "actord.dev/Claimed"},
                              {"status", "True"},
                              {"reason", "NodeIsHeard"},
                              {"message", "epoch " + std::to_string(epoch)},
                              {"lastTransitionTime", schema::format_time(with_->clock.wall_now())}}})}}}}
            .dump();
    command.cause.note = "its node may run it";
    command.done = [self = caf::actor_cast<caf::actor>(this), epoch](const result<write_answer>& answer) {
      const claim_outcome outcome = answer                                         ? claim_outcome::ours
                                    : answer.error().kind == error_kind::not_found ? claim_outcome::gone
                                                                                   : claim_outcome::unknown;
      if (!answer) spdlog::warn("pod not claimed: {}", answer.error().message);
      caf::anon_send(self, pod_message{"claimed", [epoch, outcome](pod_worker& worker) {
                                         worker.claimed(epoch, outcome);
                                       }});
    };
    with_->router.submit(std::move(command));
  }

  void report_gone(const schema::pod_view&) override {
    write_command command = command_for(write_verb::remove);
    command.removal.grace_period_s = 0;
    command.removal.uid = uid_;
    command.cause.note = "nothing of it is left on the node";
    command.done = [self = caf::actor_cast<caf::actor>(this)](result<write_answer> answer) {
      const bool gone = answer.has_value() || answer.error().kind == error_kind::not_found ||
                        answer.error().kind == error_kind::conflict;
      caf::anon_send(
          self, pod_message{"removal written", [gone](pod_worker& worker) { worker.removal_written(gone); }});
    };
    with_->router.submit(std::move(command));
  }

  void record_event(const schema::pod_view& pod, bool warning, std::string_view reason,
                    std::string message) override {
    if (with_->events) with_->events(pod, warning, reason, std::move(message));
  }

  void finished() override {
    if (std::exchange(finished_, true)) return;
    with_->on_finished(uid_);
    quit();
  }

private:
  void handle(const char* name, const pod_answer& apply) {
    if (finished_) return;
    apply(worker_);
    card_->handled(name, mailbox().size());
    card_->summarize(worker_.summary());
  }

  [[nodiscard]] write_command command_for(write_verb verb) const {
    write_command command;
    command.verb = verb;
    command.key = key_;
    command.only_uid = uid_;
    command.field_manager = "actord-worker";
    command.caller.user = "system:node:" + with_->node.node_name;
    command.caller.groups = {"system:nodes", "system:authenticated"};
    command.cause.actor = "worker/" + with_->node.node_name;
    return command;
  }

  std::shared_ptr<const pod_actor::collaborators> with_;
  std::string uid_;
  object_key key_;
  std::shared_ptr<actor_card> card_;
  pod_worker worker_;
  std::uint64_t look_serial_ = 0;
  bool finished_ = false;
  actor_gate::place place_;
};

void tell(const caf::actor& handle, const char* name, pod_answer apply) {
  caf::anon_send(handle, pod_message{name, std::move(apply)});
}

} // namespace

pod_actor pod_actor::start(const std::shared_ptr<const collaborators>& with, schema::pod_view pod,
                           allotment given) {
  pod_actor made(with->system.spawn<pod_shell>(with, pod));
  made.desire(std::move(pod), std::move(given));
  return made;
}

void pod_actor::desire(schema::pod_view pod, allotment given) {
  tell(handle_, "desired",
       [pod = std::make_shared<schema::pod_view>(std::move(pod)),
        given = std::make_shared<allotment>(std::move(given))](pod_worker& worker) {
         worker.desire(*pod, *given);
       });
}

void pod_actor::forget() {
  tell(handle_, "deleted", [](pod_worker& worker) { worker.forget(); });
}

void pod_actor::something_ended() {
  tell(handle_, "exit", [](pod_worker& worker) { worker.something_ended(); });
}

void pod_actor::content_changed() {
  tell(handle_, "content changed", [](pod_worker& worker) { worker.content_changed(); });
}

void pod_actor::stop() { caf::anon_send_exit(handle_, caf::exit_reason::user_shutdown); }

} // namespace actord::actors
