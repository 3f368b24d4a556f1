#include "schema/cel/times.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

constexpr std::int64_t first_second = -62135596800; // 0001-01-01T00:00:00Z
constexpr std::int64_t last_second = 253402300799;  // 9999-12-31T23:59:59Z
constexpr std::int64_t nano = 1'000'000'000;

/// Takes exactly `count` digits from the front.
std::optional<int> take_digits(std::string_view& from, std::size_t count) {
  if (from.size() < count) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (from[i] < '0' || from[i] > '9') return std::nullopt;
    number = number * 10 + (from[i] - '0');
  }
  from.remove_prefix(count);
  return number;
}

bool take(std::string_view& from, char wanted) {
  if (from.empty() || from.front() != wanted) return false;
  from.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_zone(std::string_view& from) {
  if (take(from, 'Z')) return 0;
  const bool east = !from.empty() && from.front() == '+';
  if (!take(from, '+') && !take(from, '-')) return std::nullopt;
  const auto hours = take_digits(from, 2);
  if (!hours || !take(from, ':')) return std::nullopt;
  const auto minutes = take_digits(from, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (*hours * 3600 + *minutes * 60) * (east ? 1 : -1);
}

/// ".5": nanoseconds; digits beyond are dropped.
std::optional<std::int32_t> take_fraction(std::string_view& from) {
  if (!take(from, '.')) return 0;
  std::int32_t all = 0;
  std::size_t count = 0;
  for (; !from.empty() && from.front() >= '0' && from.front() <= '9'; from.remove_prefix(1), ++count)
    if (count < 9) all = all * 10 + (from.front() - '0');
  if (count == 0) return std::nullopt;
  for (; count < 9; ++count) all *= 10;
  return all;
}

struct span_unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array<span_unit, 8> units{{{"ns", 1},
                                          {"us", 1'000},
                                          {"\u00b5s", 1'000},
                                          {"\u03bcs", 1'000},
                                          {"ms", 1'000'000},
                                          {"s", nano},
                                          {"m", 60 * nano},
                                          {"h", 3600 * nano}}};

const span_unit* take_unit(std::string_view& from) {
  const std::size_t end = std::min(from.find_first_of("0123456789."), from.size());
  for (const span_unit& unit : units)
    if (unit.name == from.substr(0, end)) return from.remove_prefix(end), &unit;
  return nullptr;
}

/// "1.5h" from the front, in nanoseconds.
std::optional<std::int64_t> take_amount(std::string_view& from) {
  std::int64_t whole = 0;
  std::size_t digits = 0;
  for (; !from.empty() && from.front() >= '0' && from.front() <= '9'; from.remove_prefix(1), ++digits)
    if (__builtin_mul_overflow(whole, 10, &whole) ||
        __builtin_add_overflow(whole, from.front() - '0', &whole))
      return std::nullopt;
  double fraction = 0;
  if (take(from, '.')) {
    double scale = 0.1;
    for (; !from.empty() && from.front() >= '0' && from.front() <= '9'; from.remove_prefix(1), ++digits) {
      fraction += scale * (from.front() - '0');
      scale /= 10;
    }
  }
  if (digits == 0) return std::nullopt;
  const span_unit* unit = take_unit(from);
  if (unit == nullptr || __builtin_mul_overflow(whole, unit->nanoseconds, &whole)) return std::nullopt;
  const auto rest = std::llround(fraction * static_cast<double>(unit->nanoseconds));
  if (__builtin_add_overflow(whole, rest, &whole)) return std::nullopt;
  return whole;
}

/// "5" or "5.25" of a count of nanoseconds.
std::string decimal_seconds(std::int64_t seconds, std::int64_t nanoseconds) {
  std::string all = fmt::format("{}", seconds);
  if (nanoseconds == 0) return all;
  std::string fraction = fmt::format("{:09}", nanoseconds);
  while (fraction.back() == '0') fraction.pop_back();
  return all + "." + fraction;
}

} // namespace

bool in_range(const time_point& when) { return when.seconds >= first_second && when.seconds <= last_second; }

std::optional<time_point> parse_time_point(std::string_view from) {
  const auto year = take_digits(from, 4);
  if (!year || !take(from, '-')) return std::nullopt;
  const auto month = take_digits(from, 2);
  if (!month || !take(from, '-')) return std::nullopt;
  const auto day = take_digits(from, 2);
  if (!day || !take(from, 'T')) return std::nullopt;
  const auto hour = take_digits(from, 2);
  if (!hour || !take(from, ':')) return std::nullopt;
  const auto minute = take_digits(from, 2);
  if (!minute || !take(from, ':')) return std::nullopt;
  const auto second = take_digits(from, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const auto fraction = take_fraction(from);
  if (!fraction) return std::nullopt;
  const auto offset = take_zone(from);
  if (!offset || !from.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const time_point when{
      days * 86400 + *hour * std::int64_t{3600} + *minute * std::int64_t{60} + *second - *offset, *fraction};
  return in_range(when) ? std::optional(when) : std::nullopt;
}

std::string text_of(const time_point& when) {
  const calendar_time at = calendar_of(when, 0);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{}{}Z", at.year, at.month + 1, at.day + 1, at.hour,
                     at.minute, at.second < 10 ? "0" : "", decimal_seconds(at.second, when.nanoseconds));
}

std::optional<time_span> parse_time_span(std::string_view from) {
  const bool negative = !from.empty() && from.front() == '-';
  if (!take(from, '-')) take(from, '+');
  if (from == "0") return time_span{};
  if (from.empty()) return std::nullopt;
  std::int64_t all = 0;
  while (!from.empty()) {
    const auto amount = take_amount(from);
    if (!amount || __builtin_add_overflow(all, *amount, &all)) return std::nullopt;
  }
  return time_span{negative ? -all : all};
}

std::string text_of(const time_span& span) {
  const bool negative = span.nanoseconds < 0;
  const std::uint64_t all = negative ? 0 - static_cast<std::uint64_t>(span.nanoseconds)
                                     : static_cast<std::uint64_t>(span.nanoseconds);
  return fmt::format(
      "{}{}s", negative ? "-" : "",
      decimal_seconds(static_cast<std::int64_t>(all / nano), static_cast<std::int64_t>(all % nano)));
}

std::optional<time_point> later(const time_point& when, const time_span& by) {
  std::int64_t seconds = by.nanoseconds / nano;
  std::int64_t rest = by.nanoseconds % nano + when.nanoseconds;
  if (rest < 0) rest += nano, --seconds;
  if (rest >= nano) rest -= nano, ++seconds;
  const time_point moved{when.seconds + seconds, static_cast<std::int32_t>(rest)};
  return in_range(moved) ? std::optional(moved) : std::nullopt;
}

std::optional<time_span> between(const time_point& from, const time_point& to) {
  std::int64_t all = 0;
  if (__builtin_mul_overflow(to.seconds - from.seconds, nano, &all) ||
      __builtin_add_overflow(all, std::int64_t{to.nanoseconds} - from.nanoseconds, &all))
    return std::nullopt;
  return time_span{all};
}

calendar_time calendar_of(const time_point& when, std::int64_t offset_seconds) {
  using namespace std::chrono;
  const sys_seconds at{seconds(when.seconds + offset_seconds)};
  const sys_days day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(at - day);
  const auto since_new_year = day - sys_days(date.year() / January / 1);
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())) - 1,
          static_cast<int>(static_cast<unsigned>(date.day())) - 1,
          static_cast<int>(since_new_year.count()),
          static_cast<int>(weekday(day).c_encoding()),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count())};
}

std::optional<std::int64_t> zone_offset(std::string_view zone) {
  if (zone.empty() || zone == "UTC") return 0;
  const bool west = zone.front() == '-';
  if (west || zone.front() == '+') zone.remove_prefix(1);
  const std::size_t colon = zone.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 2) return std::nullopt;
  const auto hours = take_digits(zone, colon);
  zone.remove_prefix(1);
  const auto minutes = take_digits(zone, 2);
  if (!hours || !minutes || !zone.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return (*hours * 3600 + *minutes * 60) * (west ? -1 : 1);
}

} // namespace actord::schema::cel
