#include "actors/cluster/clock_watch.hpp"

#include <spdlog/spdlog.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

namespace actord::actors {

namespace {

bool arm(int timer) {
  constexpr std::time_t far_away = 100'000'000; // three years
  itimerspec when{};
  when.it_value.tv_sec = std::time(nullptr) + far_away;
  return timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr) == 0;
}

} // namespace

clock_watch::clock_watch(std::function<void()> on_set)
    : timer_(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)), stop_(eventfd(0, EFD_CLOEXEC)) {
  if (timer_ < 0 || stop_ < 0 || !arm(timer_)) {
    spdlog::warn("changes of the clock will not be noticed: {}", std::generic_category().message(errno));
    return;
  }
  thread_ = std::thread([timer = timer_, stop = stop_, told = std::move(on_set)] {
    for (;;) {
      std::array<pollfd, 2> waits{{{timer, POLLIN, 0}, {stop, POLLIN, 0}}};
      if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
      if (waits[1].revents != 0) return;
      if (waits[0].revents == 0) continue;
      std::uint64_t expirations = 0;
      const bool is_set = read(timer, &expirations, sizeof expirations) < 0 && errno == ECANCELED;
      if (!arm(timer)) return;
      if (is_set) told();
    }
  });
}

clock_watch::~clock_watch() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    if (write(stop_, &one, sizeof one) == sizeof one) thread_.join();
  }
  if (timer_ >= 0) close(timer_);
  if (stop_ >= 0) close(stop_);
}

} // namespace actord::actors
