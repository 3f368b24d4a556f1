#pragma once

#include "tests/sim/dice.hpp"
#include "tests/sim/network.hpp"

#include <caf/actor_system.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace actord::sim {

/// All the threads of one life of a server, in the simulator's only one: runs its actors and its jobs one at
/// a time, in an order and with gaps that the seed draws.
///
///   post, or a message to an actor ──▶ (a gap) ──▶ one or a few of what waits run ──▶ (a gap) ──▶ ...
///
/// A server that stands still runs nothing; what would have run waits until it goes on. Nothing runs once the
/// stage is gone.
class stage {
public:
  using scheduler = std::function<void(time_us after, std::function<void()> what)>;

  stage(dice chance, scheduler schedule, std::function<bool()> stands_still);
  /// No actor may be left.
  ~stage();
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  [[nodiscard]] caf::actor_system& actors();
  [[nodiscard]] std::size_t living() const;
  /// Runs the job after that time and a gap.
  void post(time_us after, std::function<void()> job);
  /// Moves the actors' clock, and rings what is due by then.
  void advance(std::chrono::microseconds by);
  /// Goes on after it stood still.
  void resume();
  /// Runs all that there is, at once: nothing but the end comes after this.
  void run_out();
  /// The same, and drops what was posted, with all that it holds on to.
  void empty();

private:
  class state;
  std::shared_ptr<state> state_;
};

} // namespace actord::sim
