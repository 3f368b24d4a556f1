#pragma once

#include "actors/console/actor_gate.hpp"
#include "actors/worker/pod_worker.hpp"

#include <caf/actor.hpp>
#include <memory>
#include <string>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class object_router;
class worker_pool;

/// Where pods report what people should know. Any thread.
using event_sink = std::function<void(const schema::pod_view& pod, bool warning, std::string_view reason,
                                      std::string message)>;

/// One pod on this node, as an actor: a mailbox around a pod_worker. The handle is cheap to copy; all calls
/// return at once and from any thread.
class pod_actor {
public:
  struct collaborators {
    caf::actor_system& system;
    worker_pool& pool;
    object_router& router;
    actor_registry& registry;
    pod_operations& operations;
    const clock_source& clock;
    pod_facts node;
    event_sink events;
    /// Held by every actor that uses these collaborators.
    std::shared_ptr<actor_gate> gate;
    /// The actor has nothing left to do: drop the handle. Called from the actor's own thread, once.
    std::function<void(std::string uid)> on_finished;
    std::function<std::optional<std::uint64_t>()> epoch; ///< as pod_worker has it
  };

  static pod_actor start(const std::shared_ptr<const collaborators>& with, schema::pod_view pod,
                         allotment given);

  void desire(schema::pod_view pod, allotment given);
  void forget();
  void something_ended();
  void content_changed();
  /// Ends the actor; containers go on.
  void stop();

private:
  explicit pod_actor(caf::actor handle) : handle_(std::move(handle)) {}
  caf::actor handle_;
};

} // namespace actord::actors
