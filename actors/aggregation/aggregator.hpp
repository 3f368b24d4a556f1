#pragma once

#include "actors/aggregation/extension_contents.hpp"
#include "actors/aggregation/extension_endpoint.hpp"
#include "actors/aggregation/extension_keeper.hpp"

#include <memory>
#include <optional>

namespace actord::actors {

/// Everything by which one server makes extension servers part of its API.
///
///   APIServices ─▶ services ─▶ endpoint (requests, documents) ─▶ lines ─▶ proxied_request ─▶ extension
///   server
///                     │            ▲                               ▲
///                     └──▶ keeper ─┴─ board                      caller ◀─ keeper, contents (namespaces)
class aggregator {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    object_router& router;
    actor_registry& registry;
    random_source& random;
    const clock_source& clock;
  };

  explicit aggregator(const collaborators& with);
  /// Nobody asks any more, and the system's actors have ended: see `stop`.
  ~aggregator();
  aggregator(const aggregator&) = delete;
  aggregator& operator=(const aggregator&) = delete;

  [[nodiscard]] extension_endpoint& endpoint() { return endpoint_; }
  [[nodiscard]] std::shared_ptr<foreign_contents> contents() const { return contents_; }

  /// This server as a front proxy, and whom extension servers are told to believe, from now on. Any thread.
  void use(net::certified_key front_proxy, authentication_facts facts);
  void connect_nodes(node_directory* nodes) { lines_.connect_nodes(nodes); }
  void leader_changed();
  /// Asks nobody any more; its actor ends soon after.
  void stop();

private:
  extension_services services_;
  extension_board board_;
  extension_lines lines_;
  extension_caller caller_;
  extension_endpoint endpoint_;
  const std::shared_ptr<extension_contents> contents_;
  std::unique_ptr<extension_keeper> keeper_;
};

} // namespace actord::actors
