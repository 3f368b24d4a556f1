#include "actors/flow/heavy_lane.hpp"

#include "actors/worker/worker_pool.hpp"

#include <deque>
#include <mutex>

namespace actord::actors {

struct heavy_lane::state : std::enable_shared_from_this<state> {
  state(std::size_t threads, std::size_t bytes)
      : budget(bytes), threads_max(threads), pool(std::make_unique<worker_pool>(threads)),
        short_pool(std::make_unique<worker_pool>(1)) {}

  /// Starts what may start. An answer's size is known only when it is there, so every thread may overshoot by
  /// one.
  void pump() {
    std::unique_lock lock(mutex);
    while (pool && !waiting.empty() && running < threads_max && held < budget) {
      ++running;
      pool->run([self = shared_from_this(), job = std::move(waiting.front())]() mutable {
        job();
        job = nullptr;
        self->ended();
      });
      waiting.pop_front();
    }
  }
  void ended() {
    {
      const std::lock_guard lock(mutex);
      --running;
    }
    pump();
  }
  void release(std::size_t bytes) {
    {
      const std::lock_guard lock(mutex);
      held -= bytes;
    }
    pump();
  }

  const std::size_t budget;
  const std::size_t threads_max;
  mutable std::mutex mutex;
  std::deque<std::function<void()>> waiting;
  std::size_t running = 0;
  std::size_t held = 0;
  std::unique_ptr<worker_pool> pool;
  std::unique_ptr<worker_pool> short_pool;
};

heavy_lane::heavy_lane(std::size_t threads, std::size_t budget_bytes)
    : state_(std::make_shared<state>(threads, budget_bytes)) {}

void heavy_lane::stop() {
  std::unique_ptr<worker_pool> pool;
  std::unique_ptr<worker_pool> short_pool;
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(state_->mutex);
    pool = std::move(state_->pool);
    short_pool = std::move(state_->short_pool);
    dropped.swap(state_->waiting);
  }
}

void heavy_lane::run(std::function<void()> job) {
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->pool) return;
    state_->waiting.push_back(std::move(job));
  }
  state_->pump();
}

void heavy_lane::run_short(std::function<void()> job) {
  const std::lock_guard lock(state_->mutex);
  if (state_->short_pool) state_->short_pool->run(std::move(job));
}

heavy_lane::hold heavy_lane::hold_bytes(std::size_t bytes) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->held += bytes;
  }
  return {nullptr, [state = state_, bytes](void*) { state->release(bytes); }};
}

std::size_t heavy_lane::held_bytes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->held;
}

} // namespace actord::actors
