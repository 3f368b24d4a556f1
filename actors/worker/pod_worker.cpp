#include "actors/worker/pod_worker.hpp"

#include "actors/nodes/fence/fence_terms.hpp"
#include "actors/worker/container_spec.hpp"

#include <algorithm>
#include <array>

namespace actord::actors {
namespace {

using namespace std::chrono_literals;

template <class... Handlers>
struct overloaded : Handlers... {
  using Handlers::operator()...;
};

/// What the API last heard of a container.
const schema::container_status_view* reported_status(const schema::pod_view& pod, const std::string& name) {
  for (const auto* list :
       {&pod.status.containers, &pod.status.init_containers, &pod.status.ephemeral_containers})
    for (const auto& status : *list)
      if (status.name == name) return &status;
  return nullptr;
}

/// A volume that shows fields of the pod shows something else than before.
bool shows_otherwise(const schema::pod_view& now, const schema::pod_view& before) {
  if (now.meta.labels != before.meta.labels || now.meta.annotations != before.meta.annotations) return true;
  const auto& containers = now.spec.containers;
  return !std::ranges::equal(containers, before.spec.containers, [](const auto& left, const auto& right) {
    return left.requests == right.requests && left.limits == right.limits;
  });
}

constexpr auto retry_volumes = 2s;
constexpr auto retry_sandbox = 2s;
constexpr auto retry_claim = 500ms;
constexpr std::chrono::seconds retry_start_first{2};
constexpr std::chrono::seconds retry_start_max{60};

} // namespace

pod_worker::pod_worker(collaborators with, pod_host& host) : with_(std::move(with)), host_(host) {
  facts_.host_ip = with_.node.host_ip;
  facts_.start_time = with_.clock.wall_now();
}

pod_facts pod_worker::facts() const {
  pod_facts known = with_.node;
  if (seen_.sandbox) known.pod_ip = seen_.sandbox->address;
  return known;
}

const schema::container_view* pod_worker::spec_of(const std::string& name) const {
  return referred_container(pod_, name, nullptr);
}

pod_intent pod_worker::intent() const {
  pod_intent wanted = intent_of(pod_);
  if (pod_.spec.active_deadline_s)
    wanted.active_until = facts_.start_time + std::chrono::seconds{*pod_.spec.active_deadline_s};
  if (forgotten_) {
    wanted.being_deleted = true;
    wanted.delete_by = with_.clock.wall_now();
  }
  return wanted;
}

void pod_worker::desire(schema::pod_view pod, allotment given) {
  refresh_volumes_ = refresh_volumes_ || (inspected_ && shows_otherwise(pod, pod_));
  pod_ = std::move(pod);
  if (!given.resources.containers.empty()) resizer_.allot(std::move(given), pod_);
  if (pod_.status.start_time) facts_.start_time = *pod_.status.start_time;
  if (inspected_) {
    if (ready_was_taken_away()) reported_ = nullptr;
    return step();
  }
  seen_.finished_before = pod_.finished();
  for (const auto* list : {&pod_.status.containers, &pod_.status.init_containers})
    for (const auto& status : *list)
      facts_.containers[status.name].last_termination = status.last_state.terminated;
  inspect();
}

/// Whoever did not hear the node said that the pod is not ready. It is what we last said, or we say it anew.
bool pod_worker::ready_was_taken_away() const {
  if (status_in_flight_ || !reported_.is_object() || pod_.ready()) return false;
  const auto conditions = reported_.find("conditions");
  return conditions != reported_.end() && std::ranges::any_of(*conditions, [](const json& each) {
           return each.value("type", "") == "Ready" && each.value("status", "") == "True";
         });
}

void pod_worker::forget() {
  forgotten_ = true;
  if (inspected_) step();
}

void pod_worker::something_ended() {
  if (busy_.contains("inspect"))
    inspect_again_ = true;
  else
    inspect();
}

void pod_worker::content_changed() {
  refresh_volumes_ = true;
  if (inspected_) step();
}

void pod_worker::look() {
  look_at_.reset();
  if (inspected_) step();
}

void pod_worker::inspect() {
  if (!begin("inspect")) return;
  host_.run([&operations = with_.operations, pod = pod_]() -> pod_answer {
    return [found = operations.inspect(pod)](pod_worker& self) {
      self.busy_.erase("inspect");
      self.take_inventory(found);
      if (std::exchange(self.inspect_again_, false)) self.inspect();
      self.step();
    };
  });
}

void pod_worker::take_inventory(const pod_inventory& found) {
  inspected_ = true;
  if (busy_.contains("pod")) return; // the operation under way knows better; it looks again when it ends
  if (found.sandboxes.empty()) {
    seen_.sandbox.reset();
  } else {
    seen_.sandbox = found.sandboxes.back();
    seen_.next_sandbox_attempt = seen_.sandbox->attempt + 1;
  }
  for (const auto& container : found.containers) take_container(container);
  facts_.measured = found.measured;
  resizer_.adopt(found.amounts, pod_, seen_);
  for (auto& [name, at] : seen_.containers)
    at.ended_for_resize = at.exited() && resizer_.was_ended_for_resize(name, at.attempt);
}

void pod_worker::take_container(const pod_inventory::container& found) {
  const std::string& name = found.status.name;
  container_observation& at = seen_.containers[name];
  if (found.status.attempt < at.attempt) return;
  const bool newly_running = found.status.state == runtime::container_state::running && !at.running();
  at.attempt = found.status.attempt;
  at.state = found.status.state;
  at.id = found.status.id;
  at.exit_code = found.status.exit_code;
  at.out_of_memory = found.status.out_of_memory;
  at.started = found.status.started;
  at.finished = found.status.finished;
  container_facts& facts = facts_.containers[name];
  facts.container_id = "actord://" + found.status.id;
  facts.image_id = found.image_id;
  facts.termination_message = found.termination_message;
  facts.measured = found.status.measured;
  if (at.exited()) {
    at.resize_restarts = false;
    facts.ready = false;
    at.restart_demanded = false;
    at.stop_requested.reset();
    at.kill_sent = false;
  }
  if (newly_running)
    if (const auto* spec = spec_of(name)) begin_probes(*spec, at);
}

void pod_worker::step() {
  run_due_probes();
  resizer_.mark(pod_, seen_);
  pod_plan plan = decide(intent(), seen_, with_.clock.wall_now());
  hold_back(plan);
  for (const auto& action : plan.actions) carry_out(action);
  if (refresh_volumes_ && seen_.volumes_ready && !busy_.contains("pod")) {
    refresh_volumes_ = false;
    do_prepare_volumes();
  }
  tell_notes();
  tell_back_offs(plan);
  report(plan);
  plan_next_look(plan);
}

void pod_worker::hold_back(pod_plan& plan) {
  if (!with_.epoch || forgotten_ || !is_fenced(pod_.meta)) return;
  const auto starts = [](const pod_action& each) {
    return std::holds_alternative<run_sandbox>(each) || std::holds_alternative<start_container>(each);
  };
  if (std::ranges::none_of(plan.actions, starts)) return;
  const std::optional<std::uint64_t> epoch = with_.epoch();
  if (epoch && epoch == claimed_in_) return;
  std::erase_if(plan.actions, starts);
  const wall_time again = with_.clock.wall_now() + retry_claim;
  plan.wake_at = std::min(plan.wake_at.value_or(again), again);
  if (epoch && !std::exchange(claim_in_flight_, true)) host_.claim(*epoch);
}

void pod_worker::claimed(std::uint64_t epoch, claim_outcome outcome) {
  claim_in_flight_ = false;
  if (outcome == claim_outcome::gone) return forget();
  if (outcome == claim_outcome::ours) claimed_in_ = epoch;
  if (outcome == claim_outcome::ours && inspected_) step();
}

void pod_worker::carry_out(const pod_action& action) {
  std::visit(overloaded{
                 [&](const prepare_volumes&) { do_prepare_volumes(); },
                 [&](const run_sandbox& each) { do_run_sandbox(each.attempt); },
                 [&](const start_container& each) { do_start(each); },
                 [&](const resize_running&) { do_resize(); },
                 [&](const stop_container& each) { do_stop(each); },
                 [&](const kill_container& each) { do_kill(each); },
                 [&](const stop_sandbox&) {
                   if (!begin("pod")) return;
                   host_.run([&operations = with_.operations, id = seen_.sandbox->id]() -> pod_answer {
                     (void)operations.stop_sandbox(id);
                     return [](pod_worker& self) {
                       self.busy_.erase("pod");
                       self.something_ended();
                     };
                   });
                 },
                 [&](const remove_everything& each) {
                   // How it ended is told while that is known: after what is being told now.
                   if (!each.keep_volumes && !forgotten_ && status_in_flight_)
                     report_again_ = true;
                   else
                     do_remove(each.keep_volumes);
                 },
                 [&](const report_gone&) {
                   if (forgotten_) return host_.finished();
                   if (std::exchange(gone_reported_, true)) return;
                   host_.report_gone(pod_);
                 },
             },
             action);
}

void pod_worker::do_prepare_volumes() {
  if (!begin("pod")) return;
  host_.run([&operations = with_.operations, pod = pod_, known = facts()]() -> pod_answer {
    return [done = operations.prepare_volumes(pod, known)](pod_worker& self) {
      self.busy_.erase("pod");
      if (done) {
        self.seen_.volumes_ready = true;
        self.seen_.volume_trouble.clear();
      } else {
        self.seen_.volumes_not_before = self.with_.clock.wall_now() + retry_volumes;
        if (self.seen_.volume_trouble != done.error().message)
          self.host_.record_event(self.pod_, true, "FailedMount",
                                  "MountVolume.SetUp failed: " + done.error().message);
        self.seen_.volume_trouble = done.error().message;
      }
      self.step();
    };
  });
}

void pod_worker::do_run_sandbox(int attempt) {
  if (!begin("pod")) return;
  host_.run([&operations = with_.operations, pod = pod_, attempt]() -> pod_answer {
    return [made = operations.run_sandbox(pod, attempt), limits = pod_limits_of(pod)](pod_worker& self) {
      self.busy_.erase("pod");
      if (made) {
        self.resizer_.sandbox_made(limits);
        self.seen_.sandbox = *made;
        self.seen_.next_sandbox_attempt = made->attempt + 1;
        self.seen_.cleaned = false;
      } else {
        self.seen_.sandbox_not_before = self.with_.clock.wall_now() + retry_sandbox;
        self.host_.record_event(self.pod_, true, "FailedCreatePodSandBox",
                                "Failed to create pod sandbox: " + made.error().message);
      }
      self.step();
    };
  });
}

void pod_worker::do_start(const start_container& action) {
  const schema::container_view* spec = spec_of(action.name);
  if (spec == nullptr || !seen_.sandbox || !begin("pod")) return;
  host_.run([&operations = with_.operations, pod = pod_, sandbox = *seen_.sandbox, container = *spec,
             attempt = action.attempt, known = facts(),
             record = resizer_.starting(pod_, action.name, action.attempt)]() -> pod_answer {
    std::variant<started_container, start_failure> outcome;
    if (auto saved = operations.save_amounts(pod, record); !saved)
      outcome = start_failure{"CreateContainerError", saved.error().message};
    else
      outcome = operations.start_container(pod, sandbox, container, attempt, known);
    return [outcome = std::move(outcome), name = container.name, attempt, record](pod_worker& self) {
      self.busy_.erase("pod");
      if (std::holds_alternative<started_container>(outcome)) self.resizer_.started(name, attempt, record);
      self.started(name, attempt, outcome);
      self.something_ended();
      self.step();
    };
  });
}

void pod_worker::do_resize() {
  auto job = resizer_.job(pod_, seen_);
  if (!job || !seen_.sandbox || !begin("pod")) return;
  std::map<std::string, std::string> ids;
  for (const auto& [name, at] : seen_.containers)
    if (at.running()) ids.emplace(name, at.id);
  host_.run([&operations = with_.operations, pod = pod_, sandbox = seen_.sandbox->id, ids = std::move(ids),
             job = std::move(*job)]() -> pod_answer {
    resize_outcome outcome;
    if (auto saved = operations.save_amounts(pod, job.before); !saved)
      outcome.trouble = saved.error().message;
    else
      outcome = operations.resize(sandbox, ids, job);
    return [job, outcome = std::move(outcome)](pod_worker& self) { self.resized(job, outcome); };
  });
}

/// What is in force now is written down at once: otherwise a container would be changed, or even started,
/// again.
void pod_worker::resized(const resize_job& job, const resize_outcome& outcome) {
  resizer_.done(job, outcome, with_.clock.wall_now());
  for (const auto& [name, measured] : outcome.containers) facts_.containers[name].measured = measured;
  if (outcome.pod) facts_.measured = outcome.pod;
  host_.run([&operations = with_.operations, pod = pod_, record = resizer_.record()]() -> pod_answer {
    (void)operations.save_amounts(pod, record);
    return [](pod_worker& self) {
      self.busy_.erase("pod");
      self.something_ended();
      self.step();
    };
  });
}

void pod_worker::tell_notes() {
  for (auto& note : resizer_.take_notes(pod_, seen_))
    host_.record_event(pod_, note.warning, note.reason, std::move(note.message));
}

void pod_worker::tell_back_offs(const pod_plan& plan) {
  const pod_intent wanted = intent();
  if (wanted.being_deleted || plan.phase >= pod_phase::succeeded) return;
  for (const auto& container : wanted.containers) {
    const auto found = seen_.containers.find(container.name);
    if (found == seen_.containers.end() || next_back_off(found->second) == 0s ||
        !will_restart(wanted, container, found->second) ||
        std::exchange(told_back_off_[container.name], found->second.attempt) == found->second.attempt)
      continue;
    host_.record_event(pod_, true, "BackOff",
                       "Back-off restarting failed container " + container.name + " in pod " +
                           pod_.meta.name + "_" + pod_.meta.space + "(" + pod_.meta.uid + ")");
  }
}

void pod_worker::started(const std::string& name, int attempt,
                         std::variant<started_container, start_failure> outcome) {
  container_observation& at = seen_.containers[name];
  if (const auto* failure = std::get_if<start_failure>(&outcome)) {
    if (at.trouble != failure->reason) host_.record_event(pod_, true, "Failed", "Error: " + failure->message);
    at.trouble = failure->reason;
    at.trouble_message = failure->message;
    at.back_off = std::clamp(at.back_off * 2, retry_start_first, retry_start_max);
    at.not_before = with_.clock.wall_now() + at.back_off;
    return;
  }
  const auto& made = std::get<started_container>(outcome);
  container_facts& facts = facts_.containers[name];
  if (at.exited() && attempt > 0) {
    facts.last_termination = schema::terminated_state{.exit_code = at.exit_code,
                                                      .signal = 0,
                                                      .reason = at.out_of_memory    ? "OOMKilled"
                                                                : at.exit_code == 0 ? "Completed"
                                                                                    : "Error",
                                                      .message = facts.termination_message,
                                                      .started = at.started,
                                                      .finished = at.finished,
                                                      .container_id = facts.container_id};
  }
  at = container_observation{};
  facts.ready = false;
  take_container({made.status, made.image_id, ""});
  if (const schema::container_view* spec = spec_of(name); spec != nullptr)
    host_.record_event(pod_, false, "Pulled",
                       "Container image \"" + spec->image + "\" already present on machine");
  host_.record_event(pod_, false, "Created", "Created container " + name);
  host_.record_event(pod_, false, "Started", "Started container " + name);
}

void pod_worker::do_stop(const stop_container& action) {
  const schema::container_view* spec = spec_of(action.name);
  container_observation& at = seen_.containers[action.name];
  if (spec == nullptr || !begin("stop " + action.name)) return;
  at.stop_requested = with_.clock.wall_now();
  at.stop_grace = action.grace;
  host_.record_event(pod_, false, "Killing",
                     at.resize_restarts ? "Container " + action.name + " resize requires restart"
                                        : "Stopping container " + action.name);
  std::optional<resize_record> record;
  if (at.resize_restarts) {
    record = resizer_.ending(action.name, at.attempt);
    resizer_.ended_for_resize(action.name, at.attempt);
  }
  host_.run([&operations = with_.operations, pod = pod_, container = *spec, id = at.id, known = facts(),
             grace = action.grace, record = std::move(record)]() -> pod_answer {
    if (record) (void)operations.save_amounts(pod, *record);
    operations.stop_container(pod, container, id, known, grace);
    return [name = container.name](pod_worker& self) {
      self.busy_.erase("stop " + name);
      self.something_ended();
    };
  });
}

void pod_worker::do_kill(const kill_container& action) {
  container_observation& at = seen_.containers[action.name];
  if (!begin("kill " + action.name)) return;
  at.kill_sent = true;
  host_.run([&operations = with_.operations, id = at.id, name = action.name]() -> pod_answer {
    operations.kill_container(id);
    return [name](pod_worker& self) {
      self.busy_.erase("kill " + name);
      self.something_ended();
    };
  });
}

void pod_worker::do_remove(bool keep_volumes) {
  if (!begin("pod")) return;
  host_.run([&operations = with_.operations, pod = pod_, keep_volumes]() -> pod_answer {
    return [done = operations.remove_pod(pod, keep_volumes), keep_volumes](pod_worker& self) {
      self.busy_.erase("pod");
      if (done) {
        self.seen_.sandbox.reset();
        self.seen_.cleaned = !keep_volumes;
        if (!keep_volumes) self.seen_.volumes_ready = false;
        for (auto& [name, at] : self.seen_.containers) at.state = runtime::container_state::unknown;
        self.probes_.clear();
        self.step();
      } else {
        self.host_.record_event(self.pod_, true, "FailedKillPod",
                                "error killing pod: " + done.error().message);
        self.look_at_ = self.with_.clock.steady_now() + retry_sandbox;
        self.host_.wake_after(retry_sandbox);
      }
    };
  });
}

void pod_worker::begin_probes(const schema::container_view& container, const container_observation& at) {
  std::erase_if(probes_, [&](const auto& each) { return each.first.first == container.name; });
  // A container adopted from before a restart has been running for a while; its first delay counts from its
  // start.
  const auto age = std::max<std::chrono::nanoseconds>(0ns, with_.clock.wall_now() - at.started);
  const steady_time started = with_.clock.steady_now() - age;
  const schema::container_status_view* before = reported_status(pod_, container.name);
  if (before != nullptr && before->container_id != facts_.containers[container.name].container_id)
    before = nullptr;
  const std::array<std::pair<probe_kind, const std::optional<schema::probe_view>*>, 3> all{{
      {probe_kind::startup, &container.startup},
      {probe_kind::readiness, &container.readiness},
      {probe_kind::liveness, &container.liveness},
  }};
  for (const auto& [kind, probe] : all) {
    if (!*probe) continue;
    const probe_timing timing{
        std::chrono::seconds{(*probe)->initial_delay_s}, std::chrono::seconds{(*probe)->period_s},
        static_cast<int>((*probe)->success_threshold), static_cast<int>((*probe)->failure_threshold)};
    const bool passed =
        before != nullptr && (kind == probe_kind::startup ? before->started.value_or(false) : before->ready);
    probes_.emplace(std::pair(container.name, kind),
                    probe_run{probe_tracker(kind, timing, started, passed), false});
  }
  seen_.containers[container.name].startup_passed =
      !container.startup || (before != nullptr && before->started.value_or(false));
  facts_.containers[container.name].ready =
      before != nullptr ? before->ready : !container.readiness && !container.startup;
}

bool pod_worker::may_run(const std::pair<std::string, probe_kind>& probe, const probe_run& run) const {
  const auto found = seen_.containers.find(probe.first);
  if (found == seen_.containers.end() || run.running) return false;
  const container_observation& at = found->second;
  return at.running() && !at.stop_requested && at.startup_passed == (probe.second != probe_kind::startup);
}

void pod_worker::run_due_probes() {
  const steady_time now = with_.clock.steady_now();
  for (auto& [key, run] : probes_) {
    const auto& [name, kind] = key;
    if (!may_run(key, run) || run.tracker.next_run() > now) continue;
    const schema::container_view* spec = spec_of(name);
    if (spec == nullptr) continue;
    run.running = true;
    const container_observation& at = seen_.containers[name];
    with_.operations.probe(pod_, *spec, kind, at.id, facts().pod_ip,
                           [post = host_.mailbox_of_answers(), name = spec->name, attempt = at.attempt,
                            kind = kind](probe_outcome outcome) {
                             post([=](pod_worker& self) { self.probed(name, attempt, kind, outcome); });
                           });
  }
}

void pod_worker::probed(const std::string& container, int attempt, probe_kind kind,
                        const probe_outcome& outcome) {
  const auto found = probes_.find({container, kind});
  container_observation& at = seen_.containers[container];
  if (found == probes_.end() || at.attempt != attempt) return;
  probe_run& run = found->second;
  run.running = false;
  run.tracker.record(outcome.success, with_.clock.steady_now());
  constexpr std::array<std::string_view, 3> names{"Startup", "Readiness", "Liveness"};
  if (!outcome.success)
    host_.record_event(pod_, true, "Unhealthy",
                       std::string(names[static_cast<std::size_t>(kind)]) +
                           " probe failed: " + outcome.message);
  container_facts& facts = facts_.containers[container];
  if (kind == probe_kind::readiness) facts.ready = run.tracker.passing();
  if (kind == probe_kind::startup && run.tracker.passing()) {
    at.startup_passed = true;
    if (!probes_.contains({container, probe_kind::readiness})) facts.ready = true;
  }
  if (run.tracker.demands_restart() && !at.restart_demanded) {
    at.restart_demanded = true;
    facts.ready = false;
    host_.record_event(pod_, false, "Killing",
                       "Container " + container + " failed " +
                           (kind == probe_kind::liveness ? "liveness" : "startup") +
                           " probe, will be restarted");
  }
  step();
}

void pod_worker::report(const pod_plan& plan) {
  if (forgotten_ || gone_reported_) return;
  if (seen_.finished_before) return;
  json status = pod_status(pod_, seen_, plan, facts_, resizer_, with_.clock.wall_now());
  if (status == reported_) return;
  if (status_in_flight_ || with_.clock.steady_now() < status_not_before_) {
    report_again_ = true;
    return;
  }
  status_in_flight_ = true;
  reported_ = status;
  host_.write_status(pod_, std::move(status));
}

void pod_worker::status_written(bool success) {
  status_in_flight_ = false;
  if (success) {
    status_failures_ = 0;
  } else {
    reported_ = nullptr;
    status_failures_ = std::min(status_failures_ + 1, 6);
    status_not_before_ = with_.clock.steady_now() + 100ms * (1 << status_failures_);
    report_again_ = true;
  }
  if (std::exchange(report_again_, false)) step();
}

void pod_worker::removal_written(bool success) {
  if (success) return host_.finished();
  gone_reported_ = false;
  look_at_ = with_.clock.steady_now() + 1s;
  host_.wake_after(1s);
}

void pod_worker::plan_next_look(const pod_plan& plan) {
  const steady_time now = with_.clock.steady_now();
  std::optional<steady_time> next;
  const auto consider = [&](steady_time at) { next = std::min(next.value_or(at), at); };
  if (plan.wake_at)
    consider(now + std::max<std::chrono::nanoseconds>(0ns, *plan.wake_at - with_.clock.wall_now()));
  for (const auto& [key, run] : probes_)
    if (may_run(key, run)) consider(run.tracker.next_run());
  if (report_again_ && !status_in_flight_) consider(status_not_before_);
  if (!next) return;
  *next = std::max(*next, now + 1ms);
  if (look_at_ && *look_at_ <= *next && *look_at_ > now) return;
  look_at_ = next;
  host_.wake_after(*next - now);
}

std::string pod_worker::summary() const {
  std::string text =
      seen_.sandbox ? (seen_.sandbox->address.empty() ? "sandbox" : seen_.sandbox->address) : "no sandbox";
  for (const auto& [name, at] : seen_.containers) {
    constexpr std::array<std::string_view, 4> states{"created", "running", "exited", "unknown"};
    text += ", " + name + " " + std::string(states[static_cast<std::size_t>(at.state)]);
    if (at.attempt > 0) text += " (restart " + std::to_string(at.attempt) + ")";
  }
  return text;
}

} // namespace actord::actors
