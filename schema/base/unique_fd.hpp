#pragma once

#include <unistd.h>

#include <utility>

namespace actord {

/// Owns one file descriptor; -1 is "none".
class unique_fd {
public:
  unique_fd() = default;
  explicit unique_fd(int raw) : fd_(raw) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  unique_fd(const unique_fd&) = delete;
  unique_fd& operator=(const unique_fd&) = delete;
  ~unique_fd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int raw = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = raw;
  }
  int release() { return std::exchange(fd_, -1); }

private:
  int fd_ = -1;
};

} // namespace actord
