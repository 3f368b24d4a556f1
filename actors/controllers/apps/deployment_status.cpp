#include "actors/controllers/apps/deployment_status.hpp"

#include "actors/controllers/apps/deployment_reconciler.hpp"
#include "actors/controllers/conditions.hpp"
#include "schema/base/json.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

using schema::condition_view;
using schema::deployment_status_view;
using schema::deployment_view;

constexpr std::string_view progressing = "Progressing";
constexpr std::string_view reason_complete = "NewReplicaSetAvailable";
constexpr std::string_view reason_timed_out = "ProgressDeadlineExceeded";
constexpr std::string_view reason_paused = "DeploymentPaused";

condition_view condition(std::string_view type, std::string_view status, std::string_view reason,
                         std::string message, wall_time now) {
  const wall_time when = whole_seconds(now);
  return {std::string(type), std::string(status), std::string(reason), std::move(message), when, when, 0};
}

bool has_deadline(const deployment_view& deployment) {
  return deployment.progress_deadline_s != deployment_view::no_deadline;
}

void count(deployment_status_view& out, const status_input& input) {
  std::int64_t wanted = input.created_replicas;
  out.replicas = out.updated = out.ready = out.available = out.terminating = 0;
  for (const auto* const set : input.sets) {
    wanted += set->replicas;
    out.replicas += set->status.replicas;
    out.ready += set->status.ready;
    out.available += set->status.available;
    out.terminating += set->status.terminating;
  }
  if (input.newest != nullptr) out.updated = input.newest->status.replicas;
  out.unavailable = std::max<std::int64_t>(0, wanted - out.available);
}

void judge_availability(deployment_status_view& out, const status_input& input) {
  const std::int64_t floor = input.deployment.replicas - bounds_of(input.deployment).unavailable;
  const bool enough = out.available >= floor;
  set_condition(out.conditions, condition("Available", enough ? "True" : "False",
                                          enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                                          enough ? "Deployment has minimum availability."
                                                 : "Deployment does not have minimum availability.",
                                          input.now));
}

/// A pause is noted as a condition so that the time it took does not count as lack of progress.
void note_pause(deployment_status_view& out, const status_input& input) {
  const condition_view* const now = schema::find_condition(out.conditions, progressing);
  if (!has_deadline(input.deployment) || (now != nullptr && now->reason == reason_timed_out)) return;
  const bool noted = now != nullptr && now->reason == reason_paused;
  if (input.deployment.paused && !noted)
    set_condition(out.conditions,
                  condition(progressing, "Unknown", reason_paused, "Deployment is paused", input.now));
  if (!input.deployment.paused && noted)
    set_condition(out.conditions,
                  condition(progressing, "Unknown", "DeploymentResumed", "Deployment is resumed", input.now));
}

bool moved(const deployment_status_view& before, const deployment_status_view& after) {
  return after.updated > before.updated ||
         after.replicas - after.updated < before.replicas - before.updated || after.ready > before.ready ||
         after.available > before.available;
}

bool timed_out(const status_input& input, const condition_view& since) {
  if (since.reason == reason_complete) return false;
  if (since.reason == reason_timed_out) return true;
  return since.updated &&
         *since.updated + std::chrono::seconds(input.deployment.progress_deadline_s) < input.now;
}

void judge_progress(deployment_status_view& out, const status_input& input) {
  if (!has_deadline(input.deployment)) {
    remove_condition(out.conditions, progressing);
    return;
  }
  if (!input.created_name.empty())
    set_condition(out.conditions,
                  condition(progressing, "True", "NewReplicaSetCreated",
                            "Created new replica set \"" + input.created_name + '"', input.now));
  else if (input.newest != nullptr && schema::find_condition(out.conditions, progressing) == nullptr)
    set_condition(out.conditions,
                  condition(progressing, "True", "FoundNewReplicaSet",
                            "Found new replica set \"" + input.newest->meta.name + '"', input.now));
  const condition_view* const now = schema::find_condition(out.conditions, progressing);
  if (now != nullptr && now->reason == reason_complete && out.replicas == out.updated) return;
  const std::string subject = input.newest != nullptr ? "ReplicaSet \"" + input.newest->meta.name + '"'
                                                      : "Deployment \"" + input.deployment.meta.name + '"';
  if (is_complete(input.deployment, out)) {
    set_condition(out.conditions, condition(progressing, "True", reason_complete,
                                            subject + " has successfully progressed.", input.now));
  } else if (moved(input.deployment.status, out)) {
    // Every sign of life moves lastUpdateTime, the start of the deadline; hence not set_condition alone.
    condition_view next =
        condition(progressing, "True", "ReplicaSetUpdated", subject + " is progressing.", input.now);
    if (now != nullptr && now->status == "True") next.transitioned = now->transitioned;
    remove_condition(out.conditions, progressing);
    set_condition(out.conditions, std::move(next));
  } else if (now != nullptr && timed_out(input, *now)) {
    set_condition(out.conditions, condition(progressing, "False", reason_timed_out,
                                            subject + " has timed out progressing.", input.now));
  }
}

void report_failures(deployment_status_view& out, const status_input& input) {
  const condition_view* failure = nullptr;
  for (const auto* const set : input.sets) {
    const condition_view* const found = schema::find_condition(set->status.conditions, "ReplicaFailure");
    if (found != nullptr && (failure == nullptr || set == input.newest)) failure = found;
  }
  if (failure == nullptr) {
    remove_condition(out.conditions, "ReplicaFailure");
    return;
  }
  condition_view next = *failure;
  next.updated = next.transitioned;
  set_condition(out.conditions, std::move(next));
}

} // namespace

deployment_status_view next_status(const status_input& input) {
  deployment_status_view out = input.deployment.status;
  out.observed_generation = input.deployment.meta.generation;
  count(out, input);
  judge_availability(out, input);
  if (!input.deployment.meta.being_deleted()) note_pause(out, input);
  if (input.rolling) {
    judge_progress(out, input);
    report_failures(out, input);
  }
  if (input.collided) out.collision_count = out.collision_count.value_or(0) + 1;
  return out;
}

bool is_complete(const deployment_view& deployment, const deployment_status_view& status) {
  return status.updated == deployment.replicas && status.replicas == deployment.replicas &&
         status.available == deployment.replicas && status.observed_generation >= deployment.meta.generation;
}

std::optional<wall_time> progress_check(const deployment_view& deployment,
                                        const deployment_status_view& status) {
  const condition_view* const now = schema::find_condition(status.conditions, progressing);
  if (!has_deadline(deployment) || now == nullptr || !now->updated || now->reason == reason_timed_out ||
      now->reason == reason_complete || is_complete(deployment, status))
    return std::nullopt;
  // One second more, since times in objects have no fraction.
  return *now->updated + std::chrono::seconds(deployment.progress_deadline_s + 1);
}

json status_patch(const deployment_status_view& status) {
  const auto unless_zero = [](std::int64_t number) { return number == 0 ? json() : json(number); };
  return {{"status",
           {{"observedGeneration", unless_zero(status.observed_generation)},
            {"replicas", unless_zero(status.replicas)},
            {"updatedReplicas", unless_zero(status.updated)},
            {"readyReplicas", unless_zero(status.ready)},
            {"availableReplicas", unless_zero(status.available)},
            {"unavailableReplicas", unless_zero(status.unavailable)},
            {"terminatingReplicas", status.terminating},
            {"collisionCount", status.collision_count ? json(*status.collision_count) : json()},
            {"conditions", to_json(status.conditions)}}}};
}

} // namespace actord::actors
