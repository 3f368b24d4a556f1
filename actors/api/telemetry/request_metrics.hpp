#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

namespace actord::storage {
class snapshot;
}

namespace actord::actors {

struct api_request;

/// What tells requests apart in the metrics of a Kubernetes API server, whose dashboards and alerts read
/// ours. Views of words whose owner lasts longer: of the row of the request's kind, or of a series.
struct request_labels {
  std::string_view verb{}; ///< "GET", "LIST", "POST", ...
  std::string_view group{};
  std::string_view version{};
  std::string_view resource{};
  std::string_view subresource{};
  std::string_view scope{}; ///< "resource", "namespace" or "cluster"
  bool dry_run = false;

  auto operator<=>(const request_labels&) const = default;
};
/// Views of the row of the request's kind.
request_labels labels_of(const api_request& request);

/// Requests by labels: how many with which code, and how long they took (watches by their beginning). The
/// number of series is bounded; what comes beyond counts as "other". Safe from any thread.
class request_metrics {
public:
  /// `lasting`: a stream, whose length is the client's affair.
  void observe(const request_labels& labels, int code, std::chrono::nanoseconds took, bool lasting);
  /// Of those that do not last: one more, or one less, is being worked on.
  void under_way(const request_labels& labels, int change);
  /// A stream has begun; it is over when the last copy of what is returned is gone.
  std::shared_ptr<void> stream_begun(const request_labels& labels);
  /// Refused to protect the server.
  void turned_away(const request_labels& labels);
  /// The Prometheus text format.
  [[nodiscard]] std::string text() const;

private:
  static constexpr std::array bounds_s{0.005, 0.01, 0.025, 0.05, 0.1,  0.25, 0.5,
                                       1.0,   2.5,  5.0,   10.0, 30.0, 60.0};
  static constexpr std::size_t most_series = 2000;
  static constexpr std::size_t codes_per_series = 16;

  struct code_count {
    std::atomic<int> code{0}; ///< 0: free
    std::atomic<std::uint64_t> count{0};
  };
  struct series {
    std::string words; ///< what its key in the map views
    std::array<code_count, codes_per_series> codes;
    std::array<std::atomic<std::uint64_t>, bounds_s.size() + 1> durations{};
    std::atomic<std::uint64_t> total_us{0};
    std::atomic<bool> lasts{false};
    std::atomic<std::uint64_t> turned_away{0};
    /// Streams that go on; shared with each of them.
    std::shared_ptr<std::atomic<std::int64_t>> open = std::make_shared<std::atomic<std::int64_t>>(0);
  };
  series& series_of(const request_labels& labels);

  mutable std::shared_mutex guard_; ///< of the map, not of what it points to
  std::map<request_labels, std::unique_ptr<series>> series_;
  std::atomic<std::int64_t> reading_{0}, changing_{0};
};

/// The daemon as a process: memory, CPU, descriptors, when it began; and the version it answers for.
std::string process_metrics_text();
class actor_registry;
/// What controllers have to do, under the names of Kubernetes' work queues.
std::string work_metrics_text(const actor_registry& registry);
/// How many objects of each kind there are.
std::string storage_metrics_text(const storage::snapshot& reads);

} // namespace actord::actors
