#pragma once

#include "schema/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace actord::runtime {

/// Time since this machine started, suspension included (CLOCK_BOOTTIME). Means nothing to another machine.
struct boot_clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<boot_clock>;
  static constexpr bool is_steady = true;

  static time_point now();
};
using boot_time = boot_clock::time_point;

/// The moment at which the node's fenced pods end, in a file that their guards have mapped
/// (runtime/pause/pause.c), so that one store to memory moves it for all of them, and nobody has to live for
/// it to pass. Outlives the daemon and not the machine: after a start of the machine it is long past.
///
///   8 bytes    the deadline in nanoseconds of CLOCK_BOOTTIME, as this machine orders bytes
///   36 bytes   the kernel's boot_id at the time of writing
///
/// Never replaced, since a guard would go on with the old one. A guard sleeps until the deadline it read, for
/// 5 s at most: only `never` may be followed by something earlier, and by nothing earlier than that. All from
/// any thread.
class deadline_file {
public:
  /// For a node that needs none at present.
  static constexpr boot_time never = boot_time::max();

  static result<std::unique_ptr<deadline_file>> open(const std::string& path);
  virtual ~deadline_file() = default;

  [[nodiscard]] virtual boot_time get() const = 0;
  virtual void set(boot_time end) = 0;
};

} // namespace actord::runtime
