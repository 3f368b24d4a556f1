#pragma once

#include "schema/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace actord::schema {

/// A schedule as CronJobs have them: "*/5 8-18 * * mon-fri", "@hourly", "@every 1h30m".
///
/// Bit n of a field stands for the value n; weekdays count from Sunday, 0. It means either the times whose
/// five fields all match, or, with `every`, one time after the other and nothing else.
struct cron_schedule {
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;
  std::uint64_t months = 0;
  std::uint64_t weekdays = 0;
  /// Days and weekdays both limit when one of them is "*"; else either is enough.
  bool any_day = false;
  bool any_weekday = false;
  std::optional<std::chrono::seconds> every; ///< at least a second
  std::string zone;                          ///< of a leading "TZ=": empty without

  bool operator==(const cron_schedule&) const = default;
};

/// `invalid` with what is wrong with it, in the words Kubernetes has for it.
result<cron_schedule> parse_schedule(std::string_view text);

} // namespace actord::schema
