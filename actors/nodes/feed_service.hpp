#pragma once

#include "net/peer/peer_network.hpp"

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

/// Tells workers their desired state (schema/feed.capnp), from this server's replica: one actor for each
/// worker that listens. A slow worker is behind, and costs the others nothing: what it has not taken lies in
/// the store.
class feed_service {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    actor_registry& registry;
  };

  explicit feed_service(collaborators with);
  /// Ends all feeds and waits for them.
  ~feed_service();
  feed_service(const feed_service&) = delete;
  feed_service& operator=(const feed_service&) = delete;

  /// For peer_network::serve_stream(feed_method, ..., callers::nodes). Any thread.
  result<net::stream_events> open(const net::peer_caller& from, std::shared_ptr<net::peer_stream> stream);

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
