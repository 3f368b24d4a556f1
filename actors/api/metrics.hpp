#pragma once

#include "actors/api/telemetry/request_metrics.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace actord::storage {
struct cluster_member;
struct store_status;
} // namespace actord::storage

namespace actord::actors {

/// What /metrics shows of the API. Counting is lock-free; verbs and codes are few.
class api_metrics {
public:
  void count(std::string_view verb, int code);
  [[nodiscard]] request_metrics& requests() { return requests_; }
  /// The Prometheus text format.
  [[nodiscard]] std::string text(const storage::store_status& store,
                                 std::span<const storage::cluster_member> members,
                                 std::size_t connections) const;

private:
  static constexpr std::size_t code_count = 600;
  struct row {
    std::array<std::atomic<std::uint64_t>, code_count> codes{};
  };
  static std::size_t index_of(std::string_view verb);
  std::array<row, 10> verbs_;
  request_metrics requests_;
};

} // namespace actord::actors
