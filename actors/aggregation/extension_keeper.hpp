#pragma once

#include "actors/aggregation/authentication_map.hpp"
#include "actors/aggregation/extension_board.hpp"
#include "actors/aggregation/extension_caller.hpp"
#include "schema/base/clock.hpp"

#include <memory>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;
class object_router;

/// Looks after extension servers: an actor of each server that asks every one of them now and then, and when
/// its APIService, Service or endpoints change, what it has; what it hears is on the board. On the server
/// that leads it also keeps the conditions of APIServices and the ConfigMap extension servers read whom to
/// believe from.
///
///   due ─▶ obstacle? ──none──▶ GET /apis/G/V ─▶ GET /apis ─▶ GET /openapi/v3 ─▶ report, condition True ─▶ 30
///   s
///             │                    └─ failed three times ─▶ condition False ─▶ 0.1 s, doubled up to 30 s
///             └──────────────────────────────────────────────▲
class extension_keeper {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    object_router& router;
    actor_registry& registry;
    const extension_services& services;
    extension_lines& lines;
    extension_caller& caller;
    extension_board& board;
    const clock_source& clock;
  };

  explicit extension_keeper(const collaborators& with);
  /// The actor ends soon after; what it was given must last until then.
  ~extension_keeper();
  extension_keeper(const extension_keeper&) = delete;
  extension_keeper& operator=(const extension_keeper&) = delete;

  /// What the ConfigMap says from now on. Any thread.
  void publish(authentication_facts facts);
  /// This server may have begun to lead. Any thread.
  void leader_changed();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
