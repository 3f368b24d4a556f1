#include "actors/cluster/leadership_keeper.hpp"

#include <condition_variable>
#include <mutex>
#include <spdlog/spdlog.h>
#include <thread>

namespace actord::actors {

struct leadership_keeper::state {
  explicit state(collaborators given) : with(std::move(given)) {}

  void step() {
    {
      const std::scoped_lock hold(mutex);
      if (!stale && !retries) return;
      stale = false;
    }
    follow();
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      if (!stale && !retries) {
        changed.wait(lock);
      } else if (!stale) {
        changed.wait_for(lock, with.retry);
      }
      if (stopping) break;
      stale = false;
      lock.unlock();
      follow();
      lock.lock();
    }
    lock.unlock();
    current.reset();
  }

  void follow() {
    const std::optional<raft_term> leads = with.leading_in();
    if (current && leads != term) {
      current.reset();
      spdlog::info("no longer leads the cluster");
      with.changed();
    }
    retries = false;
    if (current || !leads) return;
    auto begun = with.begin(*leads);
    retries = !begun;
    if (begun) {
      current = std::move(*begun);
      term = leads;
      spdlog::info("leads the cluster in term {}", leads->value);
      with.changed();
    } else {
      spdlog::error("cannot lead the cluster in term {}: {}", leads->value, begun.error().message);
    }
    const std::scoped_lock hold(mutex);
    if (!first) first = begun ? result<void>() : result<void>(begun.error());
    attempted.notify_all();
  }

  const collaborators with;
  std::mutex mutex;
  std::condition_variable changed, attempted;
  bool stale = true;
  bool stopping = false;
  std::optional<result<void>> first;

  // The keeper's thread, or whoever steps.
  std::unique_ptr<leadership> current;
  std::optional<raft_term> term; ///< of `current`
  bool retries = false;

  std::thread thread;
};

leadership_keeper::leadership_keeper(collaborators with) : state_(std::make_unique<state>(std::move(with))) {
  if (state_->with.own_thread) state_->thread = std::thread([state = state_.get()] { state->run(); });
}

leadership_keeper::~leadership_keeper() {
  {
    const std::scoped_lock hold(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

void leadership_keeper::step() { state_->step(); }

void leadership_keeper::look() {
  {
    const std::scoped_lock hold(state_->mutex);
    state_->stale = true;
  }
  state_->changed.notify_all();
}

result<void> leadership_keeper::wait_for_first_attempt() {
  std::unique_lock lock(state_->mutex);
  state_->attempted.wait(lock, [this] { return state_->first.has_value(); });
  return *state_->first;
}

} // namespace actord::actors
