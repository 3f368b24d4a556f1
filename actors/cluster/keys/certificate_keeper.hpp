#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;

/// How long to wait before certificates that are due then are looked at again: an hour at most, since clocks
/// are set, and a second at least. After a failure a minute, or sooner when it is due sooner.
std::chrono::milliseconds renewal_wait(wall_time now, wall_time due);
std::chrono::milliseconds retry_wait(wall_time now, wall_time ends);

/// Sees to it that certificates are made anew in time, without a restart, until destroyed.
class certificate_keeper {
public:
  /// Makes anew what has to be, puts it to use, and tells when the next is due. Blocks; called on a thread of
  /// its own, never twice at once.
  using renewal = std::function<result<wall_time>()>;

  struct collaborators {
    caf::actor_system& system;
    actor_registry& registry;
    const clock_source& clock;
  };

  certificate_keeper(collaborators with, wall_time due, renewal renew);
  /// Waits for a renewal under way.
  ~certificate_keeper();
  certificate_keeper(const certificate_keeper&) = delete;
  certificate_keeper& operator=(const certificate_keeper&) = delete;

  /// The keys changed: do not wait. Any thread.
  void look_now();
  /// `look_now` as a function, which may be called for as long as the actor system lives.
  [[nodiscard]] std::function<void()> waker() const;
  /// Does something else that blocks, on the same thread, and looks afterwards. Any thread.
  void run(std::function<void()> job);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
