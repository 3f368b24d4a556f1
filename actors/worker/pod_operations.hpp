#pragma once

#include "actors/worker/pod_facts.hpp"
#include "actors/worker/probe_tracker.hpp"
#include "actors/worker/resize/pod_resizer.hpp"
#include "runtime/container_runtime.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace actord::actors {

/// A container as it was just started.
struct started_container {
  runtime::container_status status;
  std::string image_id;
};

/// Why a container could not be started: the reason a pod's status shows, and the message.
struct start_failure {
  std::string reason; ///< "ErrImagePull", "CreateContainerConfigError", "RunContainerError", ...
  std::string message;
};

/// What the runtime has of one pod.
struct pod_inventory {
  struct container {
    runtime::container_status status;
    std::string image_id;
    std::string termination_message;
  };
  std::vector<runtime::sandbox> sandboxes;             ///< oldest attempt first
  std::vector<container> containers;                   ///< of the newest sandbox
  std::optional<resize_record> amounts;                ///< what was written down last
  std::optional<runtime::measured_resources> measured; ///< of the newest sandbox
};

struct probe_outcome {
  bool success = false;
  std::string message;
};

/// The blocking half of a pod: each call runs on the worker pool and may take as long as it says. All are
/// idempotent.
class pod_operations {
public:
  virtual ~pod_operations() = default;

  virtual pod_inventory inspect(const schema::pod_view& pod) = 0;
  /// Creates or refreshes the pod's volumes.
  virtual result<void> prepare_volumes(const schema::pod_view& pod, const pod_facts& facts) = 0;
  virtual result<runtime::sandbox> run_sandbox(const schema::pod_view& pod, int attempt) = 0;
  /// Finds the image, builds the environment, creates and starts; runs the postStart hook before it returns.
  virtual std::variant<started_container, start_failure>
  start_container(const schema::pod_view& pod, const runtime::sandbox& sandbox,
                  const schema::container_view& container, int attempt, const pod_facts& facts) = 0;
  /// Writes down which amounts the pod has, before they change.
  virtual result<void> save_amounts(const schema::pod_view& pod, const resize_record& record) = 0;
  /// Carries out the steps in order until one fails; none when memory in use forbids it. `ids` are those of
  /// the running containers by name.
  virtual resize_outcome resize(const std::string& sandbox_id, const std::map<std::string, std::string>& ids,
                                const resize_job& job) = 0;
  /// Runs the preStop hook (for at most `grace`), then sends the stop signal.
  virtual void stop_container(const schema::pod_view& pod, const schema::container_view& container,
                              const std::string& id, const pod_facts& facts, std::chrono::seconds grace) = 0;
  virtual void kill_container(const std::string& id) = 0;
  virtual result<void> stop_sandbox(const std::string& id) = 0;
  /// Removes the sandboxes with their containers and, unless kept, the volumes and the pod's directory.
  virtual result<void> remove_pod(const schema::pod_view& pod, bool keep_volumes) = 0;
  /// Starts one run of a probe and returns at once; `done` is called once, on any thread.
  virtual void probe(const schema::pod_view& pod, const schema::container_view& container, probe_kind kind,
                     const std::string& container_id, const std::string& pod_ip,
                     std::function<void(probe_outcome)> done) = 0;
};

} // namespace actord::actors
