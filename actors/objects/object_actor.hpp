#pragma once

#include "actors/objects/write_plan.hpp"

#include <caf/actor.hpp>
#include <functional>
#include <memory>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;

/// The life of one object's writes, one after the other.
///
///          command                 transaction
///   idle ──────────▶ planning ───────────────────▶ waiting ──▶ (answer) ──▶ next command, or idle
///                       ▲  └── nothing to store ──▶ (answer)      │
///                       └────────── refused, plan again ──────────┘
///
/// It holds no copy of the object: every plan starts from the store's head.
struct object_actor_setup {
  std::shared_ptr<const write_environment> environment;
  actor_registry* registry = nullptr; ///< outlives the actor
  std::string kind;                   ///< for the console
  std::string key;
  /// Called on the actor's thread when everything it was sent has been answered, with how much that was in
  /// all.
  std::function<void(std::uint64_t handled)> on_idle;
};

caf::actor spawn_object_actor(caf::actor_system& system, object_actor_setup setup);
/// Hands it a command. The command's `done` is called by the actor.
void send_command(const caf::actor& object, write_command command);
void retire(const caf::actor& object);

} // namespace actord::actors
