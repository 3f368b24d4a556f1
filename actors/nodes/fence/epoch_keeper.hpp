#pragma once

#include "schema/base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;
class node_epoch;

enum class epoch_answer : std::uint8_t {
  yes,
  alone, ///< nobody is there who could answer, or start anything elsewhere
};

/// An actor that asks for this node's epoch again and again, until destroyed.
class epoch_keeper {
public:
  /// Calls `done` exactly once, on any thread, maybe before it returns.
  using question = std::function<void(std::function<void(result<epoch_answer>)> done)>;

  struct collaborators {
    caf::actor_system& system;
    actor_registry& registry;
    node_epoch& epoch;
    question ask;
  };

  explicit epoch_keeper(collaborators with);
  /// Waits until nothing is asked any more. An answer that comes later changes nothing.
  ~epoch_keeper();
  epoch_keeper(const epoch_keeper&) = delete;
  epoch_keeper& operator=(const epoch_keeper&) = delete;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
