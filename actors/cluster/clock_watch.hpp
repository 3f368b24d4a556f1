#pragma once

#include <functional>
#include <thread>

namespace actord::actors {

/// Tells when somebody sets the machine's clock, or the machine wakes from sleep: what waits for a time of
/// day then waits too long or not long enough. Without help from the kernel it never tells.
class clock_watch {
public:
  /// `on_set` is called on a thread of its own, until the destructor has returned.
  explicit clock_watch(std::function<void()> on_set);
  ~clock_watch();
  clock_watch(const clock_watch&) = delete;
  clock_watch& operator=(const clock_watch&) = delete;

private:
  int timer_ = -1; ///< far away; what it is for is that it is cancelled
  int stop_ = -1;
  std::thread thread_;
};

} // namespace actord::actors
