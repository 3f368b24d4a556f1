#pragma once

#include "schema/cel/value.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Times and durations as expressions write and read them.

namespace actord::schema::cel {

/// RFC 3339, from year 1 to year 9999.
std::optional<time_point> parse_time_point(std::string_view from);
/// "2026-01-02T15:04:05.5Z"
std::string text_of(const time_point& when);
/// As Go: "1h30m", "-1.5s", "200ms", "0".
std::optional<time_span> parse_time_span(std::string_view from);
/// In seconds: "5400s", "-1.5s".
std::string text_of(const time_span& span);

/// Whether it lies between the years 1 and 9999.
bool in_range(const time_point& when);
/// Nothing when the result lies outside.
std::optional<time_point> later(const time_point& when, const time_span& by);
std::optional<time_span> between(const time_point& from, const time_point& to);

/// A date and a time of the day somewhere.
struct calendar_time {
  std::int64_t year;
  int month;       ///< 0 to 11
  int day;         ///< of the month, 0 to 30
  int day_of_year; ///< 0 to 365
  int weekday;     ///< 0: Sunday
  int hour;
  int minute;
  int second;
};
calendar_time calendar_of(const time_point& when, std::int64_t offset_seconds);
/// Seconds east of Greenwich: "UTC", "", "+05:30", "-8:00". Nothing for all else, names of places too.
std::optional<std::int64_t> zone_offset(std::string_view zone);

} // namespace actord::schema::cel
