#pragma once

#include <chrono>

namespace actord {

using wall_time = std::chrono::sys_time<std::chrono::nanoseconds>;
/// Monotonic; only differences mean anything.
using steady_time = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// The only source of time outside its own implementation, so that tests and the simulator own the time.
class clock_source {
public:
  virtual ~clock_source() = default;
  [[nodiscard]] virtual wall_time wall_now() const = 0;
  [[nodiscard]] virtual steady_time steady_now() const = 0;
};

/// The machine's clocks.
const clock_source& system_clock_source();

/// A clock that stands still until told otherwise.
class manual_clock_source final : public clock_source {
public:
  explicit manual_clock_source(wall_time start) : wall_(start) {}

  [[nodiscard]] wall_time wall_now() const override { return wall_; }
  [[nodiscard]] steady_time steady_now() const override { return steady_; }
  void advance(std::chrono::nanoseconds by) {
    wall_ += by;
    steady_ += by;
  }

private:
  wall_time wall_;
  steady_time steady_{};
};

} // namespace actord
