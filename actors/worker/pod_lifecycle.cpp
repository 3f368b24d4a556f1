#include "actors/worker/pod_lifecycle.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

using std::chrono::seconds;

constexpr seconds back_off_first{10};
constexpr seconds back_off_max{300};
constexpr seconds back_off_forgotten_after{600};

const container_observation never_created{};

const container_observation& look(const pod_observation& seen, const std::string& name) {
  const auto found = seen.containers.find(name);
  return found == seen.containers.end() ? never_created : found->second;
}

void wake(pod_plan& plan, wall_time at) { plan.wake_at = std::min(plan.wake_at.value_or(at), at); }

/// How much time containers have to end: those told now, and all of them.
struct stop_terms {
  seconds grace{0};
  wall_time latest = wall_time::max(); ///< killed then, whatever they were promised
};

/// Ends one running container politely, then firmly. True while it still runs.
bool wind_down(const container_intent& container, const container_observation& seen, const stop_terms& terms,
               pod_plan& plan, wall_time now) {
  if (!seen.running()) return false;
  if (!seen.stop_requested) {
    plan.actions.emplace_back(stop_container{container.name, terms.grace});
    return true;
  }
  const wall_time kill_at = std::min(*seen.stop_requested + seen.stop_grace, terms.latest);
  if (now >= kill_at) {
    if (!seen.kill_sent) plan.actions.emplace_back(kill_container{container.name});
  } else {
    wake(plan, kill_at);
  }
  return true;
}

bool any_running(const pod_intent& pod, const pod_observation& seen) {
  return std::any_of(pod.containers.begin(), pod.containers.end(),
                     [&](const auto& container) { return look(seen, container.name).running(); });
}

/// All containers down: the ordinary ones together, then the sidecars from last to first. True when none
/// runs.
bool wind_down_all(const pod_intent& pod, const pod_observation& seen, const stop_terms& terms,
                   pod_plan& plan, wall_time now) {
  bool waiting = false;
  for (const auto& container : pod.containers)
    if (!container.sidecar) waiting |= wind_down(container, look(seen, container.name), terms, plan, now);
  if (waiting) return false;
  for (auto it = pod.containers.rbegin(); it != pod.containers.rend(); ++it)
    if (it->sidecar && wind_down(*it, look(seen, it->name), terms, plan, now)) return false;
  return true;
}

/// Creates the next attempt, or waits for its back-off.
void start(const container_intent& container, const container_observation& seen, pod_plan& plan,
           wall_time now) {
  const wall_time due =
      std::max(seen.not_before, seen.exited() ? seen.finished + next_back_off(seen) : wall_time{});
  if (now < due) {
    wake(plan, due);
    return;
  }
  plan.actions.emplace_back(start_container{container.name, seen.attempt + 1});
}

enum class init_progress : std::uint8_t { waiting, done, failed };

init_progress run_init(const pod_intent& pod, const pod_observation& seen, pod_plan& plan, wall_time now) {
  for (const auto& container : pod.containers) {
    if (!container.init) break;
    const container_observation& at = look(seen, container.name);
    if (container.sidecar) {
      if (at.running() && at.resize_restarts) wind_down(container, at, {.grace = pod.grace}, plan, now);
      if (at.running() && at.startup_passed) continue;
      if (!at.running()) start(container, at, plan, now);
      return init_progress::waiting;
    }
    if (at.exited() && at.exit_code == 0) continue;
    if (at.running()) return init_progress::waiting;
    if (at.exited() && !will_restart(pod, container, at)) return init_progress::failed;
    start(container, at, plan, now);
    return init_progress::waiting;
  }
  return init_progress::done;
}

/// True once an ordinary container was started in this sandbox: the init containers are behind us. A new
/// sandbox leaves the attempts counted but their state unknown, and so begins again with the init containers.
bool past_init(const pod_intent& pod, const pod_observation& seen) {
  return std::any_of(pod.containers.begin(), pod.containers.end(), [&](const auto& container) {
    const container_observation& at = look(seen, container.name);
    return !container.init && !container.ephemeral && at.attempt >= 0 &&
           at.state != runtime::container_state::unknown;
  });
}

/// The ordinary containers (and sidecars that died meanwhile). Returns how the pod stands.
pod_phase run_main(const pod_intent& pod, const pod_observation& seen, pod_plan& plan, wall_time now) {
  bool all_ended = true;
  bool any_failed = false;
  bool any_attempt = false;
  std::vector<const container_intent*> down;
  for (const auto& container : pod.containers) {
    if (container.ephemeral || (container.init && !container.sidecar)) continue;
    const container_observation& at = look(seen, container.name);
    if (!container.init) any_attempt |= at.attempt >= 0;
    if (at.running()) {
      if (!container.init) all_ended = false;
      if (at.restart_demanded || at.resize_restarts)
        wind_down(container, at, {.grace = pod.grace}, plan, now);
      continue;
    }
    if (at.exited() && !will_restart(pod, container, at)) {
      any_failed |= at.exit_code != 0;
      continue;
    }
    if (!container.init) all_ended = false;
    down.push_back(&container);
  }
  if (all_ended) {
    wind_down_all(pod, seen, {.grace = pod.grace}, plan, now);
    return any_failed ? pod_phase::failed : pod_phase::succeeded;
  }
  for (const container_intent* container : down) start(*container, look(seen, container->name), plan, now);
  return any_attempt ? pod_phase::running : pod_phase::pending;
}

void run_ephemeral(const pod_intent& pod, const pod_observation& seen, pod_plan& plan, wall_time now) {
  for (const auto& container : pod.containers)
    if (container.ephemeral && look(seen, container.name).attempt < 0)
      start(container, look(seen, container.name), plan, now);
}

/// Of a pod that was told to go, once nothing of it runs: nothing will be started again.
pod_phase phase_at_end(const pod_intent& pod, const pod_observation& seen) {
  const bool well = std::all_of(pod.containers.begin(), pod.containers.end(), [&](const auto& container) {
    const container_observation& at = look(seen, container.name);
    return container.init || container.ephemeral || (at.exited() && at.exit_code == 0);
  });
  return well ? pod_phase::succeeded : pod_phase::failed;
}

/// Everything down and away. The pod is gone once nothing is left. How it ended is said before that: what a
/// finalizer keeps in the API holds no resources any more.
pod_plan tear_down(const pod_intent& pod, const pod_observation& seen, pod_plan plan, wall_time now) {
  const seconds left = std::max(seconds{0}, std::chrono::ceil<seconds>(pod.delete_by - now));
  if (!wind_down_all(pod, seen, {.grace = left, .latest = pod.delete_by}, plan, now)) return plan;
  if (seen.cleaned) {
    plan.actions.emplace_back(report_gone{});
    return plan;
  }
  plan.phase = phase_at_end(pod, seen);
  plan.actions.emplace_back(remove_everything{});
  return plan;
}

pod_phase phase_so_far(const pod_intent& pod, const pod_observation& seen) {
  if (!past_init(pod, seen)) return pod_phase::pending;
  pod_plan scratch;
  return run_main(pod, seen, scratch, wall_time::max());
}

} // namespace

bool will_restart(const pod_intent& pod, const container_intent& container,
                  const container_observation& seen) {
  if (container.ephemeral) return false;
  if (container.sidecar || seen.ended_for_resize) return true;
  if (container.init) return seen.exit_code != 0 && pod.restart != restart_policy::never;
  switch (pod.restart) {
  case restart_policy::always:
    return true;
  case restart_policy::on_failure:
    return seen.exit_code != 0;
  case restart_policy::never:
    return false;
  }
  return false;
}

std::chrono::seconds next_back_off(const container_observation& container) {
  if (!container.exited() || container.attempt == 0 || container.ended_for_resize) return seconds{0};
  if (container.finished - container.started >= back_off_forgotten_after) return back_off_first;
  const int doublings = std::min(container.attempt - 1, 5);
  return std::min(back_off_max, back_off_first * (1 << doublings));
}

pod_plan decide(const pod_intent& pod, const pod_observation& seen, wall_time now) {
  pod_plan plan;
  if (pod.being_deleted) {
    plan.phase = phase_so_far(pod, seen);
    return tear_down(pod, seen, std::move(plan), now);
  }
  if (pod.active_until && now >= *pod.active_until) {
    plan.phase = pod_phase::failed;
    plan.deadline_exceeded = true;
    if (wind_down_all(pod, seen, {.grace = pod.grace}, plan, now) && seen.sandbox && seen.sandbox->ready)
      plan.actions.emplace_back(stop_sandbox{});
    return plan;
  }
  if (pod.active_until) wake(plan, *pod.active_until);

  if (!seen.finished_before) {
    if (!seen.volumes_ready) {
      if (now >= seen.volumes_not_before)
        plan.actions.emplace_back(prepare_volumes{});
      else
        wake(plan, seen.volumes_not_before);
      plan.phase = phase_so_far(pod, seen);
      return plan;
    }
    const bool ended = past_init(pod, seen) && (plan.phase = phase_so_far(pod, seen)) >= pod_phase::succeeded;
    if (!ended && (!seen.sandbox || !seen.sandbox->ready)) {
      if (seen.sandbox)
        plan.actions.emplace_back(remove_everything{.keep_volumes = true});
      else if (now >= seen.sandbox_not_before)
        plan.actions.emplace_back(run_sandbox{seen.next_sandbox_attempt});
      else
        wake(plan, seen.sandbox_not_before);
      return plan;
    }
    if (!ended && seen.resize_due) {
      if (now >= seen.resize_not_before)
        plan.actions.emplace_back(resize_running{});
      else
        wake(plan, seen.resize_not_before);
    }
    if (!ended) run_ephemeral(pod, seen, plan, now);
  }

  const init_progress init = past_init(pod, seen) ? init_progress::done : run_init(pod, seen, plan, now);
  if (init == init_progress::waiting && !seen.finished_before) return plan;
  plan.phase = init == init_progress::failed ? pod_phase::failed : run_main(pod, seen, plan, now);
  if (seen.finished_before) plan.actions.clear();
  if (plan.phase >= pod_phase::succeeded && !any_running(pod, seen)) {
    if (seen.sandbox && seen.sandbox->ready) plan.actions.emplace_back(stop_sandbox{});
  } else if (init == init_progress::failed) {
    wind_down_all(pod, seen, {.grace = pod.grace}, plan, now);
  }
  return plan;
}

} // namespace actord::actors
