#pragma once

#include "actors/api/telemetry/request_metrics.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace actord::storage {
struct store_status;
}

namespace actord::actors {

/// What /metrics shows of the API. Counting is lock-free; verbs and codes are few.
class api_metrics {
public:
  void count(std::string_view verb, int code);
  void observe(const request_labels& labels, int code, std::chrono::nanoseconds took) {
    requests_.observe(labels, code, took);
  }
  /// The Prometheus text format.
  [[nodiscard]] std::string text(const storage::store_status& store, std::size_t connections) const;

private:
  static constexpr std::size_t code_count = 600;
  struct row {
    std::array<std::atomic<std::uint64_t>, code_count> codes{};
  };
  static std::size_t index_of(std::string_view verb);
  std::array<row, 10> verbs_;
  request_metrics requests_;
};

/// Requests that are being worked on. Beyond the limit new ones are turned away, so that nothing behind the
/// frontend ever holds an unbounded queue.
class request_meter {
public:
  explicit request_meter(std::size_t limit) : limit_(limit) {}

  /// False: too many. Otherwise `leave` must follow.
  bool enter() {
    if (active_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
    active_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void leave() { active_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t active() const { return active_.load(std::memory_order_relaxed); }

private:
  const std::size_t limit_;
  std::atomic<std::size_t> active_{0};
};

} // namespace actord::actors
