#pragma once

#include "actors/objects/service_allocation.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace actord::storage {
class store;
}

namespace actord::actors {

class object_router;

/// "127.0.0.1", "::1"
bool is_loopback(std::string_view address);

struct bootstrap_facts {
  service_network network;
  std::string advertised_address; ///< where pods reach the API server
  std::uint16_t port = 6443;
  std::optional<raft_term> term = {}; ///< of the leadership that makes them
};

/// Makes what every cluster has and this one lacks: the namespaces, the service `kubernetes` and where it
/// leads, the system priority classes, the APIServices of what is served, the default roles and bindings.
/// Blocks until all is stored. What is there already is left alone; default roles and bindings get back what
/// they lack.
result<void> create_bootstrap_objects(const storage::store& store, object_router& router,
                                      const bootstrap_facts& facts);

} // namespace actord::actors
