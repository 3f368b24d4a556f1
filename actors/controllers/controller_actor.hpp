#pragma once

#include "actors/console/actor_gate.hpp"
#include "actors/controllers/controller_kind.hpp"

#include <caf/actor.hpp>

#include <memory>
#include <optional>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;
class event_recorder;
class object_router;
class verdict_board;

/// What every controller and each of its reconcilers works with. Outlives them: see `live`.
struct controller_context {
  caf::actor_system& system;
  storage::store& store;
  object_router& router;
  actor_registry& registry;
  event_recorder& events;
  verdict_board& verdicts;
  const clock_source& clock;
  std::optional<raft_term> term; ///< of every write; none in tests whose store always leads
  std::shared_ptr<actor_gate> live;
};

/// One controller: watches, turns events into keys and keeps one reconciler per key in work.
///
///   watch ──wake──▶ controller ──look(revision)──▶ reconciler ─┬─▶ plan ─▶ router ─▶ answers ─┐
///                      ▲                                       ▲                              │
///                      └───────────────idle(looks)─────────────┴────────next round────────────┘
///
/// The controller is the only sender of `look` and lets a reconciler go only when it has handled as many as
/// were sent, so none is lost. A reconciler that crashes is started again with back-off.
caf::actor spawn_controller(std::shared_ptr<const controller_context> context,
                            std::shared_ptr<const controller_kind> kind);

/// Lets a controller look at a key although nothing in the store changed. Any thread.
void look_at(const caf::actor& controller, const object_key& key);
/// At all of its keys: what it knows besides the store has changed.
void look_at_everything(const caf::actor& controller);

} // namespace actord::actors
