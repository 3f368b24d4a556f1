#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace actord::actors {

/// Runs jobs, in the order they come. Destroyed, it runs no further ones and waits for those that run.
class job_runner {
public:
  virtual ~job_runner() = default;
  virtual void run(std::function<void()> job) = 0;
};
/// Makes one that runs so many jobs at a time.
using runner_maker = std::function<std::unique_ptr<job_runner>(std::size_t threads)>;
/// On threads of their own, started when they are needed.
std::unique_ptr<job_runner> run_on_threads(std::size_t threads);

/// Threads for requests that are long on a processor, and a budget for the answers that wait for slow
/// clients. What does not fit waits in line here, so connections' threads stay free for everything short:
/// health, leases, writes.
class heavy_lane {
public:
  heavy_lane(std::size_t threads, std::size_t budget_bytes, const runner_maker& runners = run_on_threads);
  ~heavy_lane() { stop(); }
  heavy_lane(const heavy_lane&) = delete;
  heavy_lane& operator=(const heavy_lane&) = delete;

  /// Runs `job` once a thread is free and the answers held are below the budget. Any thread.
  void run(std::function<void()> job);
  /// Runs `job` on a thread of its own lane, whatever is held: for what is short but must leave its caller's
  /// thread.
  void run_short(std::function<void()> job);

  /// Drops what waits and ends the threads; what comes later is dropped too.
  void stop();

  /// Holds a part of the budget until the last copy is gone.
  using hold = std::shared_ptr<void>;
  [[nodiscard]] hold hold_bytes(std::size_t bytes);
  [[nodiscard]] std::size_t held_bytes() const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
