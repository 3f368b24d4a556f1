#pragma once

#include "schema/base/clock.hpp"

#include <memory>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class flow_gate;
class object_router;

/// Keeps the gate at what FlowSchema and PriorityLevelConfiguration objects say, and those objects at what
/// every cluster has (flow_reconciler.hpp). Watches both kinds until destroyed; runs whichever controllers
/// do.
class flow_config {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    object_router& router;
    actor_registry& registry;
    std::shared_ptr<flow_gate> gate;
  };

  explicit flow_config(collaborators with);
  ~flow_config();
  flow_config(const flow_config&) = delete;
  flow_config& operator=(const flow_config&) = delete;

  /// This server begins or ends to lead: whoever leads keeps the objects. Any thread.
  void leader_changed();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
