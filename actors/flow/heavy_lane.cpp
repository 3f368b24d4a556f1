#include "actors/flow/heavy_lane.hpp"

#include "actors/worker/worker_pool.hpp"

#include <deque>
#include <mutex>

namespace actord::actors {

namespace {

class pool_runner final : public job_runner {
public:
  explicit pool_runner(std::size_t threads) : pool_(threads) {}
  void run(std::function<void()> job) override { pool_.run(std::move(job)); }

private:
  worker_pool pool_;
};

} // namespace

std::unique_ptr<job_runner> run_on_threads(std::size_t threads) {
  return std::make_unique<pool_runner>(threads);
}

struct heavy_lane::state : std::enable_shared_from_this<state> {
  state(std::size_t threads, std::size_t bytes, const runner_maker& runners)
      : budget(bytes), threads_max(threads), pool(runners(threads)), short_pool(runners(1)) {}

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
  std::unique_ptr<job_runner> pool;
  std::unique_ptr<job_runner> short_pool;
};

heavy_lane::heavy_lane(std::size_t threads, std::size_t budget_bytes, const runner_maker& runners)
    : state_(std::make_shared<state>(threads, budget_bytes, runners)) {}

void heavy_lane::stop() {
  std::unique_ptr<job_runner> pool;
  std::unique_ptr<job_runner> short_pool;
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
