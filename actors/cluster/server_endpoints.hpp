#pragma once

#include "schema/base/ids.hpp"
#include "schema/base/json.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class object_router;

/// Where the API is served.
struct api_place {
  std::string ip;
  std::uint16_t port = 0;

  auto operator<=>(const api_place&) const = default;
};
/// Those of "192.0.2.11:6443" and the like, sorted, each once. IPv4 only, and none that is this very machine
/// wherever it is asked for.
std::vector<api_place> api_places(const std::vector<std::string>& addresses);

/// The Endpoints and the EndpointSlice `kubernetes` of these places, at least one. A slice has one set of
/// ports: those of the first place, and the places that share them.
json kubernetes_endpoints(const std::vector<api_place>& places);
json kubernetes_slice(const std::vector<api_place>& places);
/// The stored object (null: none) made to lead to the places and nowhere else; nothing when it does.
std::optional<json> correct_endpoints(const json& stored, const std::vector<api_place>& places);
std::optional<json> correct_slice(const json& stored, const std::vector<api_place>& places);

/// Keeps the service `kubernetes` leading to all servers that live, on the server that leads, until
/// destroyed. Looks once a second; where nobody is known to live, what is there stays.
class server_endpoints {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    object_router& router;
    actor_registry& registry;
    std::function<std::vector<std::string>()> live_servers; ///< any thread; quick
    raft_term term;                                         ///< its writes are of this term and no other
  };

  explicit server_endpoints(collaborators with);
  ~server_endpoints();
  server_endpoints(const server_endpoints&) = delete;
  server_endpoints& operator=(const server_endpoints&) = delete;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
