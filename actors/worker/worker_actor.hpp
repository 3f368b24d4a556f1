#pragma once

#include "actors/worker/node/node_object.hpp"
#include "actors/worker/pod_actor.hpp"

#include <caf/actor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace actord::actors {

/// Supervises the pods of this node: follows the store for pods bound here and for content they show, starts
/// one pod actor each, keeps the Node object and its Lease. A mailbox only; what a pod needs is decided in
/// pod_lifecycle.
class worker_actor {
public:
  struct collaborators {
    storage::store& store;
    runtime::image_store& images;
    /// Shared with every pod actor; `on_finished` is set by the worker actor.
    pod_actor::collaborators pods;
    machine_facts machine;
    std::string pod_range; ///< the node's pod CIDR, when it must be created
    std::string data_dir;
    /// What an earlier daemon had written down of a pod's amounts; reads one small file.
    std::function<std::optional<pod_resources>(const std::string& uid)> saved_amounts;
    /// Pods that something is left of on this machine: their uids and what removes them (blocking).
    std::function<std::vector<std::string>()> find_leftovers;
    std::function<void(const std::string& uid)> remove_leftovers;
  };

  static worker_actor start(collaborators with);

  /// A container or sandbox of that pod ended. Any thread.
  void pod_ended(std::string uid);
  /// Images changed: report them now.
  void images_changed();
  /// Ends it and all its pod actors; containers go on.
  void stop();

private:
  explicit worker_actor(caf::actor handle) : handle_(std::move(handle)) {}
  caf::actor handle_;
};

} // namespace actord::actors
