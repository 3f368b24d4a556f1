#pragma once

#include "actors/worker/node_services.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::runtime {
class container_runtime;
class image_store;
} // namespace actord::runtime

namespace actord::actors {

class actor_registry;
class event_recorder;
class node_epoch;
class object_router;

struct worker_options {
  std::string node_name;
  std::string cluster = {}; ///< its id: tells its nodes' packets from another cluster's
  std::string data_dir;     ///< images, pods and their volumes live below it
  std::string runtime_dir; ///< sockets and namespaces of this boot; empty derives one from the data directory
  std::string cluster_cidr = "10.244.0.0/16";
  std::uint64_t slot = 0;       ///< which /24 of it the node's pods have, unless its Node object says another
  std::string runtime = "auto"; ///< "auto", "crun" or "runc"
  std::string pause_path;       ///< the static pause program; empty: beside this binary
  /// Signs a token of a service account for a pod: namespace, account, pod name, pod uid, audience, seconds.
  std::function<result<std::string>(const std::string& space, const std::string& account,
                                    const std::string& pod, const std::string& pod_uid,
                                    std::string_view audience, std::int64_t expiration_s)>
      sign_token;
};

struct worker_collaborators {
  caf::actor_system& system;
  storage::store& store;
  object_router& router;
  actor_registry& registry;
  event_recorder& events;
  const clock_source& clock;
};

/// A node: registers itself, runs the pods bound to it, programs the services. Destroying it ends its actors
/// and leaves containers, images, mounts and rules as they are; the next start adopts them.
class worker {
public:
  virtual ~worker() = default;
  [[nodiscard]] virtual node_services& services() = 0;
  /// To be kept up by who can ask the servers (epoch_keeper); until then no pod of a StatefulSet starts.
  [[nodiscard]] virtual node_epoch& epoch() = 0;
};

/// Fails when this machine cannot run containers (no root, no OCI runtime, no conmon), saying what is
/// missing.
result<std::unique_ptr<worker>> start_worker(worker_options options, const worker_collaborators& with);

} // namespace actord::actors
