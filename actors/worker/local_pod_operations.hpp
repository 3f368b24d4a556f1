#pragma once

#include "actors/worker/container_environment.hpp"
#include "actors/worker/pod_files.hpp"
#include "actors/worker/pod_operations.hpp"
#include "actors/worker/worker.hpp"
#include "actors/worker/worker_pool.hpp"
#include "runtime/images/image_store.hpp"
#include "runtime/probes/probe.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace actord::actors {

/// Pod operations on this machine: content from the local replica of the store, containers by the runtime.
/// Safe to call from several threads at once for different pods.
class local_pod_operations final : public pod_operations {
public:
  struct collaborators {
    runtime::container_runtime& runtime;
    runtime::image_store& images;
    runtime::network_prober& prober;
    worker_pool& pool;
    storage::store& store;
    pod_files files;
    decltype(worker_options::sign_token) sign_token;
  };
  explicit local_pod_operations(collaborators with) : with_(std::move(with)) {}

  pod_inventory inspect(const schema::pod_view& pod) override;
  result<void> prepare_volumes(const schema::pod_view& pod, const pod_facts& facts) override;
  result<runtime::sandbox> run_sandbox(const schema::pod_view& pod, int attempt) override;
  std::variant<started_container, start_failure>
  start_container(const schema::pod_view& pod, const runtime::sandbox& sandbox,
                  const schema::container_view& container, int attempt, const pod_facts& facts) override;
  result<void> save_amounts(const schema::pod_view& pod, const resize_record& record) override;
  resize_outcome resize(const std::string& sandbox_id, const std::map<std::string, std::string>& ids,
                        const resize_job& job) override;
  void stop_container(const schema::pod_view& pod, const schema::container_view& container,
                      const std::string& id, const pod_facts& facts, std::chrono::seconds grace) override;
  void kill_container(const std::string& id) override;
  result<void> stop_sandbox(const std::string& id) override;
  result<void> remove_pod(const schema::pod_view& pod, bool keep_volumes) override;
  void probe(const schema::pod_view& pod, const schema::container_view& container, probe_kind kind,
             const std::string& container_id, const std::string& pod_ip,
             std::function<void(probe_outcome)> done) override;

  /// The pod a sandbox belongs to, as far as it was seen by this process.
  [[nodiscard]] std::optional<std::string> pod_of_sandbox(const std::string& sandbox_id) const;
  /// What was written down of a pod's amounts. Reads one small file.
  [[nodiscard]] std::optional<resize_record> saved_amounts(const std::string& uid) const;
  /// Uids of the pods that something is left of on this machine.
  [[nodiscard]] std::vector<std::string> pods_on_disk();
  result<void> remove_leftovers(const std::string& uid);

private:
  void remember(const std::vector<runtime::sandbox>& sandboxes);
  std::vector<runtime::sandbox> sandboxes_of(const std::string& uid);
  result<void> remove_sandboxes(const std::string& uid);
  [[nodiscard]] reference_lookup lookup_for(const schema::pod_view& pod) const;
  [[nodiscard]] std::vector<service_link> services_for(const schema::pod_view& pod) const;
  std::variant<runtime::image_info, start_failure> image_for(const schema::container_view& container);
  /// Runs a lifecycle hook; an empty result is success, else why it failed.
  std::string run_hook(const schema::action_view& hook, const schema::container_view& container,
                       const std::string& id, const std::string& pod_ip, std::chrono::milliseconds timeout);

  collaborators with_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> pods_by_sandbox_;
};

} // namespace actord::actors
