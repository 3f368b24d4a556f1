#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace actord::actors {

/// Counts actors that use something which is about to go: whoever owns it stops them, then waits here until
/// the last one has ended. An actor holds its place for as long as a handler of it may run.
class actor_gate : public std::enable_shared_from_this<actor_gate> {
public:
  class place {
  public:
    explicit place(std::shared_ptr<actor_gate> gate) : gate_(std::move(gate)) {
      const std::lock_guard lock(gate_->mutex_);
      ++gate_->inside_;
    }
    ~place() { leave(); }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    void leave() {
      if (!gate_) return;
      {
        const std::lock_guard lock(gate_->mutex_);
        --gate_->inside_;
      }
      gate_->changed_.notify_all();
      gate_.reset();
    }

  private:
    std::shared_ptr<actor_gate> gate_;
  };

  void wait_until_empty() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return inside_ == 0; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t inside_ = 0;
};

} // namespace actord::actors
