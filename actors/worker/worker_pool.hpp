#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace actord::actors {

/// Threads for work that blocks: process launch, mounts, image unpack, probes. Actors hand it a job and get a
/// message back from inside the job; nothing else of the daemon may block.
///
/// Threads start when jobs wait and none is free, up to the limit, and stay. Jobs start in the order they
/// came.
class worker_pool {
public:
  explicit worker_pool(std::size_t threads_max);
  /// Runs no further jobs and waits for those that are running.
  ~worker_pool();
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  void run(std::function<void()> job);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
