#pragma once

#include <functional>
#include <memory>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;

/// Where work waits that only a leader can do, while there is none or it is not known yet: an actor that
/// looks again when it is told that something changed, and every few milliseconds while anything waits. Who
/// waits keeps count of its own patience.
class leader_wait {
public:
  leader_wait(caf::actor_system& system, actor_registry& registry);
  ~leader_wait() { stop(); }
  leader_wait(const leader_wait&) = delete;
  leader_wait& operator=(const leader_wait&) = delete;

  /// Calls `again` once, later, on the actor's thread. Any thread.
  void park(std::function<void()> again);
  /// Another leader, or none. Any thread; quick.
  void wake();
  /// Drops whoever still waits, and waits for what runs: nothing does afterwards. What runs may call it too,
  /// or drop the last owner of the whole: then only what calls runs on.
  void stop();

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
