#pragma once

#include "schema/cron/cron_schedule.hpp"
#include "schema/cron/time_zone.hpp"

#include <chrono>
#include <cstddef>
#include <optional>

/// When a schedule is due.
///
/// A time is due when a clock in the zone shows a whole minute whose fields match. So where clocks are set
/// forward, times in the hour that is left out are never due, and where they are set back, those in the hour
/// that comes twice are due twice:
///
///     Berlin, "30 2 * * *"    30 March 2025: 02:00 becomes 03:00, not due on that day
///                             26 October 2025: due at 00:30 UTC (02:30+02:00) and 01:30 UTC (02:30+01:00)
///
/// "@every" is due that long after `after`, and so on from there; zones do not matter to it.

namespace actord::schema {

using std::chrono::sys_seconds;

/// The first time that is later than `after`. None when there is none within eight years: 31 February.
std::optional<sys_seconds> next_time(const cron_schedule& schedule, const time_zone& zone, sys_seconds after);

/// The last one that is later than `after` and not later than `until`.
std::optional<sys_seconds> last_time(const cron_schedule& schedule, const time_zone& zone, sys_seconds after,
                                     sys_seconds until);

/// Whether more than `count` of them are later than `after` and not later than `until`.
bool has_more_than(std::size_t count, const cron_schedule& schedule, const time_zone& zone, sys_seconds after,
                   sys_seconds until);

} // namespace actord::schema
