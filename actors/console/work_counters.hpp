#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace actord::actors {

/// How long things took, in the buckets of Kubernetes' work queues. Safe from any thread.
class duration_histogram {
public:
  static constexpr std::array bounds_s{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0};

  void observe(std::chrono::nanoseconds took);
  /// The Prometheus lines of one series: NAME_bucket{LABELS,le="..."}, NAME_sum, NAME_count.
  [[nodiscard]] std::string text(const std::string& name, const std::string& labels) const;

private:
  std::array<std::atomic<std::uint64_t>, bounds_s.size() + 1> counts_{};
  std::atomic<std::uint64_t> total_ns_{0};
};

/// The keys one controller has to look at, counted as Kubernetes counts its work queues: a key that waits is
/// added once however often it changes meanwhile. Safe from any thread.
struct work_counters {
  std::atomic<std::uint64_t> adds{0};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::int64_t> depth{0}; ///< keys that wait
  duration_histogram waited;
  duration_histogram worked;
};

} // namespace actord::actors
