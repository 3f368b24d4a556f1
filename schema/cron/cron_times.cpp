#include "schema/cron/cron_times.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace actord::schema {

namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto horizon = days(8 * 366);

bool has(std::uint64_t bits, unsigned value) { return (bits >> value & 1) != 0; }

/// The first value from `from` on, below 64.
std::optional<int> first_from(std::uint64_t bits, int from) {
  const std::uint64_t rest = from > 63 ? 0 : bits >> from << from;
  if (rest == 0) return std::nullopt;
  return std::countr_zero(rest);
}

bool is_day(const cron_schedule& schedule, std::chrono::local_days day) {
  const std::chrono::year_month_day date(day);
  const bool by_day = has(schedule.days, static_cast<unsigned>(date.day()));
  const bool by_weekday = has(schedule.weekdays, std::chrono::weekday(day).c_encoding());
  return schedule.any_day || schedule.any_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/// The first minute of the day from `from` on.
std::optional<minutes> first_in_day(const cron_schedule& schedule, minutes from) {
  const int hour = static_cast<int>(from.count() / 60);
  if (has(schedule.hours, static_cast<unsigned>(hour)))
    if (const auto minute = first_from(schedule.minutes, static_cast<int>(from.count() % 60)))
      return minutes(hour * 60 + *minute);
  const auto later = first_from(schedule.hours, hour + 1);
  const auto minute = first_from(schedule.minutes, 0);
  if (!later || !minute) return std::nullopt;
  return minutes(*later * 60 + *minute);
}

/// By clocks that are never set: the first matching minute from `from` on and before `end`.
std::optional<std::chrono::local_seconds> first_by_clock(const cron_schedule& schedule,
                                                         std::chrono::local_seconds from,
                                                         std::chrono::local_seconds end) {
  auto at = std::chrono::ceil<minutes>(from);
  while (at < end) {
    const auto day = std::chrono::floor<days>(at);
    const std::chrono::year_month_day date(day);
    if (!has(schedule.months, static_cast<unsigned>(date.month()))) {
      const auto next = std::chrono::year_month(date.year(), date.month()) + std::chrono::months(1);
      at = std::chrono::local_days(next / 1);
      continue;
    }
    if (is_day(schedule, day))
      if (const auto found = first_in_day(schedule, at - day))
        return day + *found < end ? std::optional<std::chrono::local_seconds>(day + *found) : std::nullopt;
    at = day + days(1);
  }
  return std::nullopt;
}

} // namespace

std::optional<sys_seconds> next_time(const cron_schedule& schedule, const time_zone& zone,
                                     sys_seconds after) {
  if (schedule.every) return after + *schedule.every;
  const sys_seconds limit = after + horizon;
  for (sys_seconds from = after + seconds(1); from < limit;) {
    const time_zone::stretch now = zone.around(from);
    const sys_seconds end = std::min(now.end, limit);
    const auto by_clock = [&](sys_seconds when) {
      return std::chrono::local_seconds(when.time_since_epoch() + now.ahead);
    };
    if (const auto found = first_by_clock(schedule, by_clock(from), by_clock(end)))
      return sys_seconds(found->time_since_epoch() - now.ahead);
    from = end;
  }
  return std::nullopt;
}

std::optional<sys_seconds> last_time(const cron_schedule& schedule, const time_zone& zone, sys_seconds after,
                                     sys_seconds until) {
  if (until <= after) return std::nullopt;
  if (schedule.every) {
    const auto count = (until - after) / *schedule.every;
    return count == 0 ? std::nullopt : std::optional(after + count * *schedule.every);
  }
  const auto due_from = [&](sys_seconds from) {
    const auto next = next_time(schedule, zone, from);
    return next && *next <= until ? next : std::nullopt;
  };
  // Twice as far back until one is found, then halving what lies between: a schedule may be due every minute
  // of a year, or once in four.
  seconds back = minutes(1);
  sys_seconds early = std::max(after, until - back);
  auto found = due_from(early);
  sys_seconds late = until; // nothing is due after it
  while (!found && early > after) {
    late = early;
    back *= 2;
    early = std::max(after, until - back);
    found = due_from(early);
  }
  if (!found) return std::nullopt;
  while (late - early > seconds(1)) {
    const sys_seconds middle = early + (late - early) / 2;
    if (const auto later = due_from(middle)) {
      early = middle;
      found = later;
    } else {
      late = middle;
    }
  }
  return found;
}

bool has_more_than(std::size_t count, const cron_schedule& schedule, const time_zone& zone, sys_seconds after,
                   sys_seconds until) {
  for (std::size_t seen = 0;; ++seen) {
    const auto next = next_time(schedule, zone, after);
    if (!next || *next > until) return false;
    if (seen == count) return true;
    after = *next;
  }
}

} // namespace actord::schema
