#pragma once

#include <cstddef>
#include <memory>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;

/// What the C library holds for this process, in bytes.
struct heap_use {
  std::size_t used = 0;
  std::size_t idle = 0; ///< freed by us and not given back to the machine
};

/// Whether giving idle memory back is worth the work: after a burst, not in the middle of daily business.
bool is_worth_trimming(const heap_use& heap);

/// Gives memory back that a burst left behind (thousands of watchers that all began at once leave hundreds of
/// megabytes in the C library's hands, which never returns what lies between pieces in use by itself). Looks
/// every ten seconds until destroyed.
class memory_keeper {
public:
  memory_keeper(caf::actor_system& system, actor_registry& registry);
  ~memory_keeper();
  memory_keeper(const memory_keeper&) = delete;
  memory_keeper& operator=(const memory_keeper&) = delete;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
