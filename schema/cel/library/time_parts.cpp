#include "schema/cel/library/libraries.hpp"
#include "schema/cel/times.hpp"

#include <array>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;

enum class part { year, month, day_of_year, day_of_month, date, weekday, hour, minute, second, milliseconds };

std::int64_t part_of(const calendar_time& at, const time_point& when, part wanted) {
  switch (wanted) {
  case part::year:
    return at.year;
  case part::month:
    return at.month;
  case part::day_of_year:
    return at.day_of_year;
  case part::day_of_month:
    return at.day;
  case part::date:
    return at.day + 1;
  case part::weekday:
    return at.weekday;
  case part::hour:
    return at.hour;
  case part::minute:
    return at.minute;
  case part::second:
    return at.second;
  case part::milliseconds:
    return when.nanoseconds / 1'000'000;
  }
  return 0;
}

/// Of a duration as a whole: all its hours, all its minutes.
value of_span(const time_span& span, part wanted) {
  constexpr std::int64_t second = 1'000'000'000;
  switch (wanted) {
  case part::hour:
    return span.nanoseconds / (3600 * second);
  case part::minute:
    return span.nanoseconds / (60 * second);
  case part::second:
    return span.nanoseconds / second;
  case part::milliseconds:
    return span.nanoseconds / 1'000'000;
  default:
    return value::no_overload();
  }
}

template <part Wanted>
value get(arguments all, spending&) {
  if (const auto* span = all[0].as<time_span>())
    return all.size() == 1 ? of_span(*span, Wanted) : value::no_overload();
  const auto* when = all[0].as<time_point>();
  if (when == nullptr) return value::no_overload();
  std::int64_t offset = 0;
  if (all.size() > 1) {
    const auto zone = all[1].string();
    if (!zone) return value::no_overload();
    const auto found = zone_offset(*zone);
    if (!found) return value::error(fmt::format("unknown time zone {}", *zone));
    offset = *found;
  }
  return part_of(calendar_of(*when, offset), *when, Wanted);
}

constexpr std::string_view of_time = "timestamp.()int;timestamp.(string)int";
constexpr std::string_view of_both = "timestamp.()int;timestamp.(string)int;duration.()int";

constexpr std::array<function_row, 10> rows{{{"getFullYear", of_time, get<part::year>},
                                             {"getMonth", of_time, get<part::month>},
                                             {"getDayOfYear", of_time, get<part::day_of_year>},
                                             {"getDayOfMonth", of_time, get<part::day_of_month>},
                                             {"getDate", of_time, get<part::date>},
                                             {"getDayOfWeek", of_time, get<part::weekday>},
                                             {"getHours", of_both, get<part::hour>},
                                             {"getMinutes", of_both, get<part::minute>},
                                             {"getSeconds", of_both, get<part::second>},
                                             {"getMilliseconds", of_both, get<part::milliseconds>}}};

} // namespace

std::span<const function_row> time_functions() { return rows; }

} // namespace actord::schema::cel
