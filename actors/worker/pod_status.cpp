#include "actors/worker/pod_status.hpp"

#include "actors/worker/resize/resize_words.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"

#include <array>

namespace actord::actors {
namespace {

using schema::format_time;

constexpr std::array<std::string_view, 4> phase_names{"Pending", "Running", "Succeeded", "Failed"};

const container_observation* find(const pod_observation& seen, const std::string& name) {
  const auto found = seen.containers.find(name);
  return found == seen.containers.end() ? nullptr : &found->second;
}

std::string_view end_reason(const container_observation& at) {
  if (at.out_of_memory) return "OOMKilled";
  return at.exit_code == 0 ? "Completed" : "Error";
}

json terminated(const container_observation& at, const container_facts& facts) {
  json state{{"exitCode", at.exit_code},
             {"reason", end_reason(at)},
             {"startedAt", format_time(at.started)},
             {"finishedAt", format_time(at.finished)},
             {"containerID", facts.container_id}};
  if (!facts.termination_message.empty()) state["message"] = facts.termination_message;
  return json{{"terminated", std::move(state)}};
}

json terminated(const schema::terminated_state& before) {
  json state{{"exitCode", before.exit_code}, {"reason", before.reason}, {"containerID", before.container_id}};
  if (!before.message.empty()) state["message"] = before.message;
  if (before.started) state["startedAt"] = format_time(*before.started);
  if (before.finished) state["finishedAt"] = format_time(*before.finished);
  return json{{"terminated", std::move(state)}};
}

json waiting(std::string_view reason, std::string_view message = {}) {
  json state{{"reason", reason}};
  if (!message.empty()) state["message"] = message;
  return json{{"waiting", std::move(state)}};
}

/// Everything one container's status is made of.
struct container_picture {
  const schema::pod_view& pod;
  const pod_intent& intent;
  const pod_observation& seen;
  const pod_plan& plan;
  wall_time now;
};

json back_off_state(const container_picture& all, const container_intent& container,
                    const container_observation& at) {
  return waiting("CrashLoopBackOff", "back-off " + std::to_string(next_back_off(at).count()) +
                                         "s restarting failed container=" + container.name +
                                         " pod=" + all.pod.meta.name + "_" + all.pod.meta.space + "(" +
                                         all.pod.meta.uid + ")");
}

bool in_back_off(const container_picture& all, const container_intent& container,
                 const container_observation& at) {
  return at.exited() && will_restart(all.intent, container, at) && !all.intent.being_deleted &&
         all.plan.phase < pod_phase::succeeded && all.now < at.finished + next_back_off(at);
}

json container_state(const container_picture& all, const container_intent& container,
                     const container_observation* at, const container_facts& facts, bool init_done) {
  if (at != nullptr && at->running()) return json{{"running", {{"startedAt", format_time(at->started)}}}};
  if (at != nullptr && !at->trouble.empty()) return waiting(at->trouble, at->trouble_message);
  if (at != nullptr && in_back_off(all, container, *at)) return back_off_state(all, container, *at);
  if (at != nullptr && at->exited()) return terminated(*at, facts);
  return waiting(container.init || container.ephemeral || init_done ? "ContainerCreating"
                                                                    : "PodInitializing");
}

json container_status(const container_picture& all, const container_intent& container,
                      const schema::container_view& spec, const container_facts& facts, bool init_done) {
  const container_observation* at = find(all.seen, container.name);
  json status{{"name", container.name}, {"image", spec.image}, {"imageID", facts.image_id}};
  status["restartCount"] = at == nullptr ? 0 : std::max(0, at->attempt);
  status["state"] = container_state(all, container, at, facts, init_done);
  const bool running = at != nullptr && at->running();
  status["started"] = running && at->startup_passed;
  if (container.init && !container.sidecar)
    status["ready"] = at != nullptr && at->exited() && at->exit_code == 0;
  else
    status["ready"] = running && facts.ready && !container.ephemeral;
  if (!facts.container_id.empty()) status["containerID"] = facts.container_id;
  if (at != nullptr && at->exited() && status["state"].contains("waiting"))
    status["lastState"] = terminated(*at, facts);
  else if (facts.last_termination)
    status["lastState"] = terminated(*facts.last_termination);
  else
    status["lastState"] = json::object();
  return status;
}

/// What was set aside for a container that there is, and what of it is in force.
void add_amounts(json& status, const container_observation& at, const container_facts& facts,
                 const pod_resizer& amounts) {
  const resize_record& record = amounts.record();
  const auto allocated = record.allocated.containers.find(status["name"].get<std::string>());
  if (allocated == record.allocated.containers.end() || at.attempt < 0) return;
  const auto actuated = record.actuated.find(allocated->first);
  const bool current = actuated != record.actuated.end() && actuated->second.attempt == at.attempt;
  status["resources"] = amounts_in_force(allocated->second, current ? &actuated->second : nullptr,
                                         at.running() ? facts.measured : std::nullopt);
  if (!allocated->second.requests.empty()) status["allocatedResources"] = allocated->second.requests;
}

void add_pod_amounts(json& status, const schema::pod_view& pod, const pod_observation& seen,
                     const status_facts& facts, const pod_resizer& amounts, wall_time now) {
  for (json& condition : resize_conditions(pod, amounts, now))
    status["conditions"].push_back(std::move(condition));
  if (!amounts.knows_amounts()) return;
  const bool runs = status["phase"] == "Running" && seen.sandbox && seen.sandbox->ready;
  whole_amounts whole = amounts_of_pod(pod, runs ? facts.measured : std::nullopt);
  if (!whole.resources.empty()) status["resources"] = std::move(whole.resources);
  if (!whole.allocated.empty()) status["allocatedResources"] = std::move(whole.allocated);
}

std::string name_list(const std::vector<std::string>& names) {
  std::string text = "[";
  for (const auto& name : names) text += (text.size() > 1 ? " " : "") + name;
  return text + "]";
}

/// One condition; the time of its last change stays while its status does.
json condition(const schema::pod_view& pod, std::string_view type, bool holds, std::string_view reason,
               const std::string& message, wall_time now) {
  const schema::condition_view* before = find_condition(pod.status.conditions, type);
  const std::string_view status = holds ? "True" : "False";
  const bool same = before != nullptr && before->status == status && before->transitioned;
  json made{{"type", type},
            {"status", status},
            {"lastTransitionTime", format_time(same ? *before->transitioned : now)}};
  if (pod.meta.generation > 0) made["observedGeneration"] = pod.meta.generation;
  if (!reason.empty()) made["reason"] = reason;
  if (!message.empty()) made["message"] = message;
  return made;
}

bool gates_open(const schema::pod_view& pod) {
  for (const auto& gate : pod.spec.readiness_gates) {
    const schema::condition_view* at = find_condition(pod.status.conditions, gate);
    if (at == nullptr || at->status != "True") return false;
  }
  return true;
}

json conditions(const container_picture& all, const json& status, wall_time now) {
  std::vector<std::string> incomplete;
  std::vector<std::string> unready;
  if (status.contains("initContainerStatuses"))
    for (const auto& each : status["initContainerStatuses"])
      if (!each["ready"].get<bool>()) incomplete.push_back(each["name"].get<std::string>());
  for (const auto& each : status["containerStatuses"])
    if (!each["ready"].get<bool>()) unready.push_back(each["name"].get<std::string>());

  std::string_view reason = "ContainersNotReady";
  if (all.plan.phase == pod_phase::succeeded) reason = "PodCompleted";
  if (all.plan.phase == pod_phase::failed) reason = "PodFailed";
  const bool finished = all.plan.phase >= pod_phase::succeeded;
  const bool initialized = incomplete.empty() || finished;
  const bool ready = unready.empty() && !finished && incomplete.empty();
  const std::string unready_text = finished ? "" : "containers with unready status: " + name_list(unready);
  const bool gates = gates_open(all.pod);
  json list = json::array();
  list.push_back(condition(all.pod, "PodReadyToStartContainers", all.seen.sandbox && all.seen.sandbox->ready,
                           "", "", now));
  list.push_back(condition(all.pod, "Initialized", initialized,
                           initialized ? (all.plan.phase == pod_phase::succeeded ? "PodCompleted" : "")
                                       : "ContainersNotInitialized",
                           initialized ? "" : "containers with incomplete status: " + name_list(incomplete),
                           now));
  const std::string gate_text =
      ready && !gates ? "the status of pod readiness gates is not \"True\"" : unready_text;
  list.push_back(condition(all.pod, "Ready", ready && gates,
                           ready && gates ? "" : (ready ? "ReadinessGatesNotReady" : reason),
                           ready && gates ? "" : gate_text, now));
  list.push_back(
      condition(all.pod, "ContainersReady", ready, ready ? "" : reason, ready ? "" : unready_text, now));
  return list;
}

} // namespace

pod_intent intent_of(const schema::pod_view& pod) {
  pod_intent intent;
  intent.restart = pod.spec.restart;
  for (const auto& container : pod.spec.init_containers)
    intent.containers.push_back(
        {container.name, true, container.is_sidecar(), container.lifecycle.pre_stop.has_value()});
  for (const auto& container : pod.spec.containers)
    intent.containers.push_back({container.name, false, false, container.lifecycle.pre_stop.has_value()});
  for (const auto& container : pod.spec.ephemeral_containers)
    intent.containers.push_back({.name = container.name, .ephemeral = true});
  intent.grace = std::chrono::seconds{pod.spec.termination_grace_s};
  if (pod.meta.being_deleted()) {
    intent.being_deleted = true;
    intent.delete_by = *pod.meta.deletion;
  }
  return intent;
}

json pod_status(const schema::pod_view& pod, const pod_observation& seen, const pod_plan& plan,
                const status_facts& facts, const pod_resizer& amounts, wall_time now) {
  const pod_intent intent = intent_of(pod);
  const container_picture all{pod, intent, seen, plan, now};
  static const container_facts nothing_known;
  json status{{"phase", phase_names[static_cast<std::size_t>(plan.phase)]},
              {"hostIP", facts.host_ip},
              {"hostIPs", json::array({json{{"ip", facts.host_ip}}})},
              {"startTime", format_time(facts.start_time)}};
  json main = json::array();
  json init = json::array();
  json ephemeral = json::array();
  bool init_done = true;
  std::size_t at = 0;
  for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers, &pod.spec.ephemeral_containers}) {
    for (const auto& spec : *list) {
      const container_intent& container = intent.containers[at++];
      const auto known = facts.containers.find(container.name);
      json made = container_status(
          all, container, spec, known == facts.containers.end() ? nothing_known : known->second, init_done);
      if (const auto* there = find(seen, container.name); there != nullptr && !container.ephemeral)
        add_amounts(made, *there, known == facts.containers.end() ? nothing_known : known->second, amounts);
      if (container.init) init_done = init_done && made["ready"].get<bool>();
      (container.init ? init : container.ephemeral ? ephemeral : main).push_back(std::move(made));
    }
  }
  status["containerStatuses"] = std::move(main);
  if (!init.empty()) status["initContainerStatuses"] = std::move(init);
  if (!ephemeral.empty()) status["ephemeralContainerStatuses"] = std::move(ephemeral);
  if (seen.sandbox && !seen.sandbox->address.empty()) {
    status["podIP"] = seen.sandbox->address;
    status["podIPs"] = json::array({json{{"ip", seen.sandbox->address}}});
  }
  if (plan.deadline_exceeded) {
    status["reason"] = "DeadlineExceeded";
    status["message"] = "Pod was active on the node longer than the specified deadline";
  }
  status["conditions"] = conditions(all, status, now);
  if (pod.meta.generation > 0) status["observedGeneration"] = pod.meta.generation;
  add_pod_amounts(status, pod, seen, facts, amounts, now);
  return status;
}

} // namespace actord::actors
