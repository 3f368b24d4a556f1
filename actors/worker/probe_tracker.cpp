#include "actors/worker/probe_tracker.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

/// Runs of a readiness probe that has not passed yet begin this close together; the gap doubles up to the
/// period.
constexpr std::chrono::milliseconds first_retry{50};

} // namespace

void probe_tracker::record(bool success, steady_time finished) {
  ++runs_;
  if (success) {
    failures_ = 0;
    if (++successes_ >= timing_.success_threshold) passing_ = true;
  } else {
    successes_ = 0;
    ++failures_;
    if (failures_ >= timing_.failure_threshold) passing_ = false;
  }
  std::chrono::milliseconds wait = timing_.period;
  if (kind_ == probe_kind::readiness && !passing_)
    wait = std::min<std::chrono::milliseconds>(
        wait, std::chrono::milliseconds{first_retry.count() << std::min(runs_ - 1, 16)});
  next_ = finished + wait;
}

} // namespace actord::actors
