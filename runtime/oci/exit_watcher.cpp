#include "runtime/oci/exit_watcher.hpp"

#include "runtime/files/file_tools.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <vector>

namespace actord::runtime {
namespace {

constexpr std::uint64_t directory_number = 0;
constexpr std::uint64_t waker_number = 1;

bool add_to_poll(int poll, int fd, std::uint64_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  return ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

} // namespace

result<std::unique_ptr<exit_watcher>> exit_watcher::open(const std::string& exit_directory,
                                                         callbacks to_call) {
  std::unique_ptr<exit_watcher> watcher(new exit_watcher(exit_directory, std::move(to_call)));
  watcher->poll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  watcher->directory_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  watcher->waker_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!watcher->poll_ || !watcher->directory_ || !watcher->waker_)
    return system_error("watch for ends", errno);
  // conmon writes a temporary file and renames it.
  if (::inotify_add_watch(watcher->directory_.get(), exit_directory.c_str(), IN_MOVED_TO | IN_ONLYDIR) < 0)
    return system_error("watch " + exit_directory, errno);
  if (!add_to_poll(watcher->poll_.get(), watcher->directory_.get(), directory_number) ||
      !add_to_poll(watcher->poll_.get(), watcher->waker_.get(), waker_number))
    return system_error("watch for ends", errno);
  watcher->thread_ = std::thread([watching = watcher.get()] { watching->run(); });
  return watcher;
}

exit_watcher::~exit_watcher() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

void exit_watcher::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(::write(waker_.get(), &one, sizeof one) == sizeof one);
}

void exit_watcher::watch(const std::string& key, const process_identity& process) {
  unique_fd descriptor = watch_process(process);
  const std::lock_guard lock(mutex_);
  if (!descriptor || !add_to_poll(poll_.get(), descriptor.get(), next_number_)) {
    ended_before_.push_back(key);
    wake();
    return;
  }
  watched_[key] = {next_number_++, std::move(descriptor)};
}

void exit_watcher::forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  watched_.erase(key);
}

void exit_watcher::run() {
  std::array<epoll_event, 64> events{};
  while (true) {
    const int count = ::epoll_wait(poll_.get(), events.data(), events.size(), -1);
    if (count < 0 && errno != EINTR) return;
    for (int at = 0; at < count; ++at) {
      const std::uint64_t number = events[static_cast<std::size_t>(at)].data.u64;
      if (number == directory_number)
        read_directory_events();
      else if (number == waker_number)
        report_late();
      else
        report_ended(number);
    }
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

void exit_watcher::read_directory_events() {
  alignas(inotify_event) std::array<char, 64 * (sizeof(inotify_event) + NAME_MAX + 1)> buffer;
  while (true) {
    const ssize_t size = ::read(directory_.get(), buffer.data(), buffer.size());
    if (size <= 0) return;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      if (event->len > 0) callbacks_.exit_file(event->name);
      // Too many at once for the kernel's queue: each end is told, those known already again.
      if ((event->mask & IN_Q_OVERFLOW) != 0)
        for (const std::string& name : directory_entries(directory_path_)) callbacks_.exit_file(name);
    }
  }
}

void exit_watcher::report_late() {
  std::uint64_t ignored = 0;
  static_cast<void>(::read(waker_.get(), &ignored, sizeof ignored) == sizeof ignored);
  std::vector<std::string> keys;
  {
    const std::lock_guard lock(mutex_);
    keys.swap(ended_before_);
  }
  for (const std::string& key : keys) callbacks_.process_ended(key);
}

void exit_watcher::report_ended(std::uint64_t number) {
  std::string key;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(watched_.begin(), watched_.end(),
                                    [&](const auto& entry) { return entry.second.number == number; });
    if (found == watched_.end()) return; // Forgotten since it became readable.
    key = found->first;
    watched_.erase(found);
  }
  callbacks_.process_ended(key);
}

} // namespace actord::runtime
