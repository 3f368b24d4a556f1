#pragma once

#include "schema/base/clock.hpp"

#include <chrono>
#include <cstdint>

namespace actord::actors {

enum class probe_kind : std::uint8_t { startup, readiness, liveness };

/// Timing and thresholds of one probe (Kubernetes' Probe, defaults filled in).
struct probe_timing {
  std::chrono::seconds initial_delay{0};
  std::chrono::seconds period{10};
  int success_threshold = 1;
  int failure_threshold = 3;
};

/// What the last run of successes or failures of one probe means. One per container attempt and probe.
///
///   startup, liveness:  begin as passed (a container is alive until shown otherwise), readiness begins as
///   failed; `failed` flips after failure_threshold failures in a row, `passed` after success_threshold
///   successes in a row.
///
/// Until a startup probe passed once, the other probes of its container do not run.
class probe_tracker {
public:
  /// `passed_before`: the container was adopted, and had passed this probe under the daemon before us.
  probe_tracker(probe_kind kind, probe_timing timing, steady_time container_started,
                bool passed_before = false)
      : kind_(kind), timing_(timing), next_(container_started + timing.initial_delay),
        passing_(kind == probe_kind::liveness || passed_before) {}

  /// When the next run is due. A readiness probe that has not passed yet looks more often at first: a pod
  /// that is ready within the first period should not wait for its end.
  [[nodiscard]] steady_time next_run() const { return next_; }

  void record(bool success, steady_time finished);

  [[nodiscard]] probe_kind kind() const { return kind_; }
  [[nodiscard]] bool passing() const { return passing_; }
  /// A liveness or startup probe failed often enough: the container must be restarted.
  [[nodiscard]] bool demands_restart() const {
    return kind_ != probe_kind::readiness && failures_ >= timing_.failure_threshold;
  }

private:
  probe_kind kind_;
  probe_timing timing_;
  steady_time next_;
  bool passing_;
  int successes_ = 0;
  int failures_ = 0;
  int runs_ = 0;
};

} // namespace actord::actors
