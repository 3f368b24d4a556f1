#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

namespace actord::actors {

/// Counts actors that may still touch what they were given, so that an owner can wait for the last one before
/// it lets go of the store. Every actor's state holds a `token`.
class live_count : public std::enable_shared_from_this<live_count> {
public:
  class token {
  public:
    explicit token(std::shared_ptr<live_count> of) : of_(std::move(of)) { of_->change(1); }
    ~token() { of_->change(-1); }
    token(const token&) = delete;
    token& operator=(const token&) = delete;

  private:
    std::shared_ptr<live_count> of_;
  };

  void wait_for_none() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [&] { return alive_ == 0; });
  }

private:
  void change(int by) {
    const std::lock_guard lock(mutex_);
    alive_ += by;
    if (alive_ == 0) none_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable none_;
  int alive_ = 0;
};

} // namespace actord::actors
