#pragma once

#include "actors/console/actor_gate.hpp"
#include "net/services/service_types.hpp"
#include "schema/view/endpoint_slice_view.hpp"
#include "schema/view/service_view.hpp"

#include <caf/actor.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caf {
class actor_system;
}

namespace actord::net {
class iptables_driver;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class worker_pool;

/// The ports of one Service as the proxy's rules need them. None for ExternalName.
std::vector<net::service_port_entry> proxy_entries(const schema::service_view& service);
/// An IPv4 slice that belongs to a Service; none otherwise.
std::optional<net::endpoint_slice_entry> proxy_slice(const schema::endpoint_slice_view& slice);

/// Keeps this node's iptables in step with Services and EndpointSlices: follows the store, gathers what
/// changed for a few milliseconds, has the driver apply the difference on the worker pool, one load at a
/// time.
class proxy_actor {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    actor_registry& registry;
    worker_pool& pool;
    net::iptables_driver& driver;
    std::string node_name;
    std::string cluster_cidr;
    std::shared_ptr<actor_gate> gate;
  };

  static proxy_actor start(collaborators with);
  /// Ends it; the rules stay.
  void stop();

private:
  explicit proxy_actor(caf::actor handle) : handle_(std::move(handle)) {}
  caf::actor handle_;
};

} // namespace actord::actors
