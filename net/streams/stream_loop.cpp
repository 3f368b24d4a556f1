#include "net/streams/stream_loop.hpp"

#include "schema/base/unique_fd.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace actord::net {
namespace {

constexpr std::size_t events_per_turn = 64;

error system_failure(const char* what) {
  return error{.kind = error_kind::internal,
               .message = std::string(what) + ": " + std::generic_category().message(errno)};
}

} // namespace

/// Each watch has a number of its own, so that an event of a descriptor which an earlier callback of the same
/// turn closed, and perhaps opened anew, is not taken for the new one's.
class stream_loop::state {
public:
  /// The thread holds the state, so that the last user may let go of the loop from a callback.
  static result<void> open(const std::shared_ptr<state>& self) {
    if (auto made = self->make_descriptors(); !made) return made;
    self->thread_ = std::thread([self] { self->run(); });
    return {};
  }

  result<void> make_descriptors() {
    poll_.reset(::epoll_create1(EPOLL_CLOEXEC));
    wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!poll_ || !wake_) return system_failure("create an event loop");
    epoll_event interest{.events = EPOLLIN, .data = {.u64 = 0}};
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, wake_.get(), &interest) != 0)
      return system_failure("watch the event loop's own descriptor");
    return {};
  }

  void post(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      jobs_.push_back(std::move(job));
      if (jobs_.size() > 1) return;
    }
    wake();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake();
    if (on_thread())
      thread_.detach();
    else if (thread_.joinable())
      thread_.join();
  }

  result<void> watch(int descriptor, std::uint32_t events, handler callback) {
    const std::uint64_t number = next_number_++;
    epoll_event interest{.events = events, .data = {.u64 = number}};
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, descriptor, &interest) != 0)
      return system_failure("watch a descriptor");
    watches_.emplace(number, std::make_shared<handler>(std::move(callback)));
    numbers_[descriptor] = number;
    return {};
  }

  void change(int descriptor, std::uint32_t events) {
    const auto found = numbers_.find(descriptor);
    if (found == numbers_.end()) return;
    epoll_event interest{.events = events, .data = {.u64 = found->second}};
    ::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, descriptor, &interest);
  }

  void forget(int descriptor) {
    const auto found = numbers_.find(descriptor);
    if (found == numbers_.end()) return;
    ::epoll_ctl(poll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
    watches_.erase(found->second);
    numbers_.erase(found);
  }

  void after(std::chrono::milliseconds delay, std::function<void()> job) {
    timers_.emplace(system_clock_source().steady_now() + delay, std::move(job));
  }

  [[nodiscard]] bool on_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

private:
  void wake() { ::eventfd_write(wake_.get(), 1); }

  void run() {
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    std::array<epoll_event, events_per_turn> events;
    while (run_jobs()) {
      const int count =
          ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), milliseconds_to_timer());
      for (int at = 0; at < count; ++at) {
        const epoll_event& event = events[static_cast<std::size_t>(at)];
        if (event.data.u64 == 0) {
          eventfd_t ignored = 0;
          ::eventfd_read(wake_.get(), &ignored);
          continue;
        }
        const auto found = watches_.find(event.data.u64);
        if (found == watches_.end()) continue;
        const auto callback = found->second; // It may forget itself.
        (*callback)(event.events);
      }
      run_timers();
    }
    // What callbacks hold may, when it ends, forget its own descriptor here.
    std::exchange(timers_, {}).clear();
    std::exchange(watches_, {}).clear();
  }

  bool run_jobs() {
    std::vector<std::function<void()>> jobs;
    {
      const std::lock_guard lock(mutex_);
      jobs.swap(jobs_);
      if (stopping_) return false;
    }
    for (auto& job : jobs) std::exchange(job, nullptr)();
    return true;
  }

  [[nodiscard]] int milliseconds_to_timer() const {
    if (timers_.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first -
                                                                   system_clock_source().steady_now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void run_timers() {
    const steady_time now = system_clock_source().steady_now();
    while (!timers_.empty() && timers_.begin()->first <= now) {
      const auto job = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      job();
    }
  }

  unique_fd poll_;
  unique_fd wake_;
  std::thread thread_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::vector<std::function<void()>> jobs_;
  std::uint64_t next_number_ = 1; ///< 0 is the wake-up's
  std::unordered_map<std::uint64_t, std::shared_ptr<handler>> watches_;
  std::unordered_map<int, std::uint64_t> numbers_;
  std::multimap<steady_time, std::function<void()>> timers_;
};

result<std::shared_ptr<stream_loop>> stream_loop::start() {
  auto made = std::make_shared<state>();
  if (auto opened = state::open(made); !opened) return std::move(opened).error();
  return std::shared_ptr<stream_loop>(new stream_loop(std::move(made)));
}

stream_loop::stream_loop(std::shared_ptr<state> made) : state_(std::move(made)) {}

stream_loop::~stream_loop() { state_->stop(); }

void stream_loop::post(std::function<void()> job) { state_->post(std::move(job)); }
void stream_loop::stop() { state_->stop(); }
result<void> stream_loop::watch(int descriptor, std::uint32_t events, handler callback) {
  return state_->watch(descriptor, events, std::move(callback));
}
void stream_loop::change(int descriptor, std::uint32_t events) { state_->change(descriptor, events); }
void stream_loop::forget(int descriptor) { state_->forget(descriptor); }
void stream_loop::after(std::chrono::milliseconds delay, std::function<void()> job) {
  state_->after(delay, std::move(job));
}
bool stream_loop::on_thread() const { return state_->on_thread(); }

} // namespace actord::net
