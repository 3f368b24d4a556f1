#pragma once

#include "actors/audit/audit_event.hpp"
#include "runtime/logs/rotating_file.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace actord::actors {

/// Where audit events go: a bounded queue in memory and one thread that writes them as lines, many at a time.
/// Whoever adds one never waits; when the writer cannot keep up, events are dropped and counted, and a line
/// in the daemon's log says how many.
class audit_log {
public:
  struct options {
    std::string path; ///< "-": standard output
    runtime::rotation_limits limits;
    std::size_t queue_bytes = 32U << 20U;
  };

  static result<std::unique_ptr<audit_log>> open(const options& where, const clock_source& clock);
  /// Writes what is queued.
  ~audit_log();
  audit_log(const audit_log&) = delete;
  audit_log& operator=(const audit_log&) = delete;

  /// Any thread.
  void add(audit_moment moment);
  [[nodiscard]] std::uint64_t written() const;
  [[nodiscard]] std::uint64_t lost() const;
  /// For /metrics.
  [[nodiscard]] std::string metrics_text() const;

  using line_sink = std::function<result<void>(std::string_view lines)>;
  /// With a sink of the caller's, for tests.
  audit_log(line_sink sink, std::size_t queue_bytes);

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
