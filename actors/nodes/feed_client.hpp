#pragma once

#include "actors/nodes/server_contact.hpp"
#include "net/peer/feed.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;

/// Keeps a worker's own store at what the cluster wants of it: listens to one server's feed
/// (feed_service.hpp), and to another's when that one is lost. What arrived is on this machine's disk before
/// more is asked for.
///
///   connect ──▶ name what is held ──▶ batches ──▶ own store ──▶ taken ──▶ ...
///      ▲                                 │ lost, malformed
///      └──────────── pause ──────────────┘   next server
///
/// How far it was told lies in the store with what it was told, so that after a restart, or at another
/// server, it is told what changed since then.
///
/// Until the first feed is complete nothing is taken away: a node that is cut off keeps what it knew.
class feed_client {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store; ///< the worker's own; nobody else writes to it
    actor_registry& registry;
    server_contact& contact;
    std::string cluster; ///< its id: what was told by another one is not gone on from
    /// Told where the servers are, on the actor's thread.
    std::function<void(std::vector<net::feed_server>)> servers;
  };

  explicit feed_client(collaborators with);
  ~feed_client();
  feed_client(const feed_client&) = delete;
  feed_client& operator=(const feed_client&) = delete;

  /// True once everything that concerns this node was told and lies in the store. Blocks for `wait` at most.
  [[nodiscard]] bool wait_until_complete(std::chrono::milliseconds wait) const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
