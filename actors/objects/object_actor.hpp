#pragma once

#include "actors/objects/write_plan.hpp"

#include <caf/actor.hpp>
#include <functional>
#include <memory>
#include <string>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;

/// The life of one object's writes, one after the other.
///
///          command                 transaction
///   idle ──────────▶ planning ───────────────────▶ waiting ──▶ (answer) ──▶ next command, or idle
///                       ▲  └─ nothing to store: is the state the newest? ──▶ (answer)
///                       └────────── refused, plan again ──────────┘
///
/// A command that webhooks have a say in is set aside while they are asked, and comes back to where it was;
/// others go on meanwhile:
///
///   planning ──▶ aside: mutating webhooks ──▶ planning ──▶ aside: validating webhooks ──▶ waiting
///
/// and so with what conversion webhooks make of an object, before a plan can begin and before it can be
/// stored:
///
///   planning ──▶ aside: into the command's version ──▶ planning ──▶ aside: into the stored one ──▶ waiting
///
/// It holds no copy of the object: every plan starts from the store's head. An idle actor can so become the
/// actor of another object: making and ending one for each create costs a few percent of it.
struct object_actor_setup {
  std::shared_ptr<const write_environment> environment;
  actor_registry* registry = nullptr; ///< outlives the actor
};

/// Which object an actor is from now on.
struct object_assignment {
  std::string title; ///< for the console
  /// Called on the actor's thread when everything it was sent as this object has been answered, with how much
  /// that was in all.
  std::function<void(std::uint64_t handled)> on_idle;
};

caf::actor spawn_object_actor(caf::actor_system& system, object_actor_setup setup);
/// Hands it a command; the first for an object brings the assignment. The command's `done` is called by the
/// actor.
void send_command(const caf::actor& object, write_command command,
                  std::unique_ptr<object_assignment> assignment);
void retire(const caf::actor& object);

} // namespace actord::actors
