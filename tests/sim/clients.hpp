#pragma once

#include <cstddef>

namespace actord::sim {

/// Whoever asks something of the cluster in a run, and knows what the answers may be.
class clients {
public:
  virtual ~clients() = default;
  virtual void start(std::size_t count) = 0;
  /// Begins nothing new.
  virtual void stop() = 0;
  /// Called after everything that happened: throws `failure` for what must never be.
  virtual void look() {}
  /// Once everything has settled: every answer agrees with the history.
  virtual void check() = 0;
  [[nodiscard]] virtual std::size_t committed() const = 0;
  [[nodiscard]] virtual std::size_t confirmed_reads() const = 0;
};

} // namespace actord::sim
