#pragma once

#include "runtime/files/unique_fd.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace actord::runtime {

struct rotation_limits {
  std::uint64_t file_bytes = 100ULL << 20U; ///< a file is closed before it would outgrow this
  std::size_t backups = 10;                 ///< closed files that are kept; 0: all
  std::chrono::hours age{0};                ///< closed files are removed when older; 0: never
};

/// A file that is appended to, mode 0600. Full, it is renamed after the time
/// ("audit-2026-01-02T15-04-05.123.log") and begun anew, and closed files beyond the limits are removed. Used
/// by one thread.
class rotating_file {
public:
  /// Appends to what is there. The directory must exist.
  static result<rotating_file> open(std::string path, rotation_limits limits, const clock_source& clock);

  /// Whole lines; one that alone is larger than a file gets a file of its own.
  result<void> append(std::string_view lines);

private:
  rotating_file(std::string path, rotation_limits limits, const clock_source& clock)
      : path_(std::move(path)), limits_(limits), clock_(&clock) {}
  result<void> begin();
  result<void> rotate();
  void remove_old() const;

  std::string path_;
  rotation_limits limits_;
  const clock_source* clock_;
  unique_fd file_;
  std::uint64_t size_ = 0;
};

} // namespace actord::runtime
