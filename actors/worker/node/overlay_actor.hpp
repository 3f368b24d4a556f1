#pragma once

#include "actors/console/actor_gate.hpp"
#include "net/overlay/overlay_plan.hpp"
#include "schema/view/node_view.hpp"

#include <caf/actor.hpp>
#include <memory>
#include <optional>
#include <string>

namespace caf {
class actor_system;
}

namespace actord::net {
class overlay_network;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class worker_pool;

/// What a Node says of where its pods are; none while it says nothing that can be used.
std::optional<net::overlay_peer> overlay_peer_of(const schema::node_view& node);

/// Keeps this node's end of the tunnel in step with the Nodes there are: follows the store and has the driver
/// apply what changed on the worker pool, one change at a time.
class overlay_actor {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    actor_registry& registry;
    worker_pool& pool;
    net::overlay_network& driver;
    std::string node_name;
    std::shared_ptr<actor_gate> gate;
  };

  static overlay_actor start(collaborators with);
  /// Ends it; the tunnel stays.
  void stop();

private:
  explicit overlay_actor(caf::actor handle) : handle_(std::move(handle)) {}
  caf::actor handle_;
};

} // namespace actord::actors
