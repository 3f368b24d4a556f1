#pragma once

#include "actors/objects/root_certificate.hpp"
#include "actors/objects/service_allocation.hpp"
#include "actors/objects/write_command.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class admission_chain;
class actor_registry;
class role_guard;
class webhook_gate;

/// The only sender to object actors: finds or wakes the actor of an object and hands it the command. One per
/// process; `submit` may be called from any thread and never blocks.
///
///   submit ──▶ shard (by key) ──▶ object actor: head → prepare (off the mailbox) → propose → answer
///
/// An object actor is activated by its first command and retired when all it was sent has been answered.
/// Writes of objects are ordered on the server that leads and nowhere else:
///
///   closed ──open──▶ its own: what the leader itself begins with ──open_to_all──▶ everybody's
///     ▲                                  │                                            │
///     └──────────────close───────────────┴────────────────────close───────────────────┘
///
/// Closed, it answers storage::not_leading. Actors that work when it closes end once they have answered: what
/// they still propose the store refuses, for it does not lead either.
class object_router {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    const admission_chain& admission;
    actor_registry& registry;
    random_source& random;
    service_network network;
    /// Goes into kube-root-ca.crt of every new namespace; empty in tests that have no authority.
    root_certificate published;
    /// Keeps people from giving themselves rights; null in tests without authorization.
    const role_guard* roles = nullptr;
    /// A store that always leads needs nobody to open its router.
    bool begins_closed = false;
    /// Takes to the server that leads what comes while the router is closed: the writes of this server's own
    /// node. Requests with an id are not given to it. Those, or all without it, are answered
    /// storage::not_leading.
    std::function<void(write_command)> elsewhere = nullptr;
    /// Who else is asked about writes; null in tests without webhooks. Must outlive the actor system.
    const webhook_gate* webhooks = nullptr;
  };

  explicit object_router(collaborators with);
  ~object_router();
  object_router(const object_router&) = delete;
  object_router& operator=(const object_router&) = delete;

  void submit(write_command command);

  void open(raft_term term);
  void open_to_all();
  void close();
  [[nodiscard]] bool is_open_to_all() const;
  /// The term it was opened in: the fence of those who write by themselves. None while it is closed.
  [[nodiscard]] std::optional<raft_term> term() const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
