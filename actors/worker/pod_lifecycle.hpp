#pragma once

#include "runtime/container_runtime.hpp"
#include "schema/base/clock.hpp"
#include "schema/view/pod_view.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What a node does next for one pod: a pure decision from what the API wants and what is there. The pod
/// actor carries out one plan at a time, looks again, and asks again; it may be restarted between any two
/// steps.
///
///              ┌───────────┐  volumes  ┌─────────┐ sandbox ┌────────┐ init containers ┌─────────┐
///   new pod ──▶│ preparing │──────────▶│ sandbox │────────▶│  init  │────────────────▶│ running │◀─┐
///   restart,
///              └─────┬─────┘           └────┬────┘         └───┬────┘                 └──┬───┬──┘──┘
///              back-off
///                    │ deleted              │                  │ failed, no restart      │   │ all ended, no
///                    restart ▼                      ▼                  ▼                         │   ▼
///              ┌───────────┐  stopped  ┌─────────┐        ┌──────────┐ Failed            │ ┌──────────┐
///              Succeeded │ stopping  │──────────▶│ removed │        │ finished │◀──────────────────┼─│
///              finished │ or Failed └───────────┘           └─────────┘        └──────────┘ │ └──────────┘
///                    ▲───────────────────────────────────────────────────────────────────┘ deleted

namespace actord::actors {

using schema::restart_policy;

/// What the pod's specification says of one container, as far as the lifecycle cares.
struct container_intent {
  std::string name;
  bool init = false;
  bool sidecar = false; ///< an init container with restartPolicy Always: runs beside the others
  bool has_pre_stop = false;
  /// For debugging: started once as soon as there is a sandbox, never again, and nothing waits for it.
  bool ephemeral = false;
};

/// The pod as the API wants it.
struct pod_intent {
  restart_policy restart = restart_policy::always;
  std::vector<container_intent> containers; ///< init containers first, in order; ephemeral ones last
  bool being_deleted = false;
  wall_time delete_by; ///< when being deleted: containers still running then are killed
  std::chrono::seconds grace{30};
  std::optional<wall_time> active_until; ///< activeDeadlineSeconds after the start
};

/// What is there of one container: its latest attempt, and what the probes and the last try to start it said.
struct container_observation {
  int attempt = -1; ///< -1: never created
  runtime::container_state state = runtime::container_state::unknown;
  std::string id;
  int exit_code = 0;
  bool out_of_memory = false;
  wall_time started;
  wall_time finished;
  bool startup_passed = true;              ///< true without a startup probe
  bool restart_demanded = false;           ///< a liveness or startup probe failed for good
  bool resize_restarts = false;            ///< other amounts are due that it gets by starting again
  bool ended_for_resize = false;           ///< it ended for that: it starts again whatever the policy
  std::optional<wall_time> stop_requested; ///< a termination signal was sent
  std::chrono::seconds stop_grace{0};
  bool kill_sent = false;
  /// The last try to create it failed: reason and message for the status, next try not before.
  std::string trouble;
  std::string trouble_message;
  std::chrono::seconds back_off{0};
  wall_time not_before;

  [[nodiscard]] bool running() const { return state == runtime::container_state::running; }
  [[nodiscard]] bool exited() const { return attempt >= 0 && state == runtime::container_state::exited; }
};

struct pod_observation {
  bool volumes_ready = false;
  std::string volume_trouble;
  wall_time volumes_not_before;
  std::optional<runtime::sandbox> sandbox;
  int next_sandbox_attempt = 0;
  std::string sandbox_trouble;
  wall_time sandbox_not_before;
  std::map<std::string, container_observation> containers;
  bool resize_due = false; ///< amounts of what runs are to change
  wall_time resize_not_before;
  bool cleaned = false; ///< nothing of the pod is left on this node
  /// The pod ended for good earlier (the API says so): containers are not started again whatever is found
  /// here.
  bool finished_before = false;
};

struct prepare_volumes {
  bool operator==(const prepare_volumes&) const = default;
};
struct run_sandbox {
  int attempt = 0;
  bool operator==(const run_sandbox&) const = default;
};
struct start_container {
  std::string name;
  int attempt = 0;
  bool operator==(const start_container&) const = default;
};
/// Changes cpu and memory of the running containers and of the pod.
struct resize_running {
  bool operator==(const resize_running&) const = default;
};
/// preStop hook, then the stop signal.
struct stop_container {
  std::string name;
  std::chrono::seconds grace{0};
  bool operator==(const stop_container&) const = default;
};
struct kill_container {
  std::string name;
  bool operator==(const kill_container&) const = default;
};
struct stop_sandbox {
  bool operator==(const stop_sandbox&) const = default;
};
/// Removes sandbox, containers and volumes.
struct remove_everything {
  bool keep_volumes = false; ///< only the sandbox is replaced
  bool operator==(const remove_everything&) const = default;
};
/// Tells the API that the pod is gone from this node.
struct report_gone {
  bool operator==(const report_gone&) const = default;
};

using pod_action = std::variant<prepare_volumes, run_sandbox, start_container, resize_running, stop_container,
                                kill_container, stop_sandbox, remove_everything, report_gone>;

enum class pod_phase : std::uint8_t { pending, running, succeeded, failed };

struct pod_plan {
  std::vector<pod_action> actions;  ///< independent of each other; look again after the first answer
  std::optional<wall_time> wake_at; ///< look again then at the latest
  pod_phase phase = pod_phase::pending;
  bool deadline_exceeded = false;

  bool operator==(const pod_plan&) const = default;
};

pod_plan decide(const pod_intent& pod, const pod_observation& seen, wall_time now);

/// Whether an exited container is to be started again under the pod's policy.
bool will_restart(const pod_intent& pod, const container_intent& container,
                  const container_observation& seen);

/// Waiting time before restart number `attempt` of a container, as Kubernetes has it: 10 s doubling to 5 min,
/// forgotten after a run of 10 minutes. The first restart is immediate.
std::chrono::seconds next_back_off(const container_observation& container);

} // namespace actord::actors
