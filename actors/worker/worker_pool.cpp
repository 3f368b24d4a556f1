#include "actors/worker/worker_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace actord::actors {

struct worker_pool::state {
  explicit state(std::size_t limit) : threads_max(limit) {}

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      ++idle;
      wake.wait(lock, [&] { return stopping || !jobs.empty(); });
      --idle;
      if (stopping) return;
      std::function<void()> job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }

  const std::size_t threads_max;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> jobs;
  std::size_t idle = 0;
  bool stopping = false;
  std::vector<std::thread> threads;
};

worker_pool::worker_pool(std::size_t threads_max) : state_(std::make_unique<state>(threads_max)) {}

worker_pool::~worker_pool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

void worker_pool::run(std::function<void()> job) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    state_->jobs.push_back(std::move(job));
    if (state_->idle < state_->jobs.size() && state_->threads.size() < state_->threads_max)
      state_->threads.emplace_back([raw = state_.get()] { raw->work(); });
  }
  state_->wake.notify_one();
}

} // namespace actord::actors
