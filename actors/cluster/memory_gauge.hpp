#pragma once

#include <memory>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;

/// Shows among the live actors how much memory this process uses and how much of it waits to be used again.
/// Looks every ten seconds until destroyed. It only looks: what a burst left behind goes back to the machine
/// by the allocator's own clock (`cli/actord/allocator.cpp`).
class memory_gauge {
public:
  memory_gauge(caf::actor_system& system, actor_registry& registry);
  ~memory_gauge();
  memory_gauge(const memory_gauge&) = delete;
  memory_gauge& operator=(const memory_gauge&) = delete;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
