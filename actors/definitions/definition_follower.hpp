#pragma once

#include <memory>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;

/// Serves custom kinds as their definitions come, change and go: an actor that follows the definitions in
/// this member's copy of the store. What is there already is served when the constructor returns.
class definition_follower {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    actor_registry& registry;
  };

  explicit definition_follower(collaborators with);
  ~definition_follower();
  definition_follower(const definition_follower&) = delete;
  definition_follower& operator=(const definition_follower&) = delete;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
