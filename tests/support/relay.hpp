#pragma once

#include "schema/base/always.hpp"
#include "schema/base/unique_fd.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace actord::testing {

/// Between a member and who dials it; can stop passing bytes on.
class relay {
public:
  explicit relay(std::uint16_t to) : to_(to), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at = loopback(0);
    socklen_t size = sizeof at;
    ALWAYS(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&at), size) == 0 &&
           ::listen(listener_.get(), 8) == 0 &&
           ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~relay() {
    ended_ = true;
    thread_.join();
  }
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  [[nodiscard]] std::string at() const { return "127.0.0.1:" + std::to_string(port_); }
  void freeze() { frozen_ = true; }
  void thaw() { frozen_ = false; }

private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
  }
  void accept() {
    unique_fd near(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    unique_fd far(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in at = loopback(to_);
    if (::connect(far.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return;
    pairs_.emplace_back(std::move(near), std::move(far));
  }
  /// False once that direction has ended.
  static bool pass_on(int from, int to) {
    char buffer[16384];
    const ssize_t got = ::recv(from, buffer, sizeof buffer, 0);
    for (ssize_t sent = 0; sent < got;) {
      const ssize_t step = ::send(to, buffer + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (step <= 0) return false;
      sent += step;
    }
    return got > 0;
  }
  void run() {
    while (!ended_) {
      std::vector<pollfd> ends{{listener_.get(), POLLIN, 0}};
      for (const auto& [near, far] : pairs_) {
        ends.push_back({near.get(), POLLIN, 0});
        ends.push_back({far.get(), POLLIN, 0});
      }
      if (frozen_) ends.clear();
      if (::poll(ends.data(), ends.size(), 10) <= 0) continue;
      for (std::size_t i = pairs_.size(); i-- > 0;) {
        const auto& [near, far] = pairs_[i];
        const bool alive = (ends[1 + 2 * i].revents == 0 || pass_on(near.get(), far.get())) &&
                           (ends[2 + 2 * i].revents == 0 || pass_on(far.get(), near.get()));
        if (!alive) pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (ends[0].revents != 0) accept();
    }
  }

  std::uint16_t to_;
  unique_fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> frozen_{false};
  std::atomic<bool> ended_{false};
  std::vector<std::pair<unique_fd, unique_fd>> pairs_;
  std::thread thread_;
};

} // namespace actord::testing
