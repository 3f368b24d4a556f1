#include "schema/print/human_duration.hpp"

#include "schema/base/timestamp.hpp"

#include <fmt/format.h>

namespace actord::schema {
namespace {

/// "3h" or "3h5m".
std::string in_units(std::int64_t whole, char unit, std::int64_t rest, char smaller) {
  return rest == 0 ? fmt::format("{}{}", whole, unit) : fmt::format("{}{}{}{}", whole, unit, rest, smaller);
}

} // namespace

std::string human_duration(std::chrono::nanoseconds duration) {
  constexpr std::int64_t day_h = 24;
  constexpr std::int64_t year_h = 365 * day_h;
  const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return fmt::format("{}s", seconds);
  const std::int64_t minutes = seconds / 60;
  if (minutes < 10) return in_units(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return fmt::format("{}m", minutes);
  const std::int64_t hours = minutes / 60;
  if (hours < 8) return in_units(hours, 'h', minutes % 60, 'm');
  if (hours < 2 * day_h) return fmt::format("{}h", hours);
  if (hours < 8 * day_h) return in_units(hours / day_h, 'd', hours % day_h, 'h');
  if (hours < 2 * year_h) return fmt::format("{}d", hours / day_h);
  if (hours < 8 * year_h) return in_units(hours / year_h, 'y', hours / day_h % 365, 'd');
  return fmt::format("{}y", hours / year_h);
}

std::string age_of(std::string_view time, wall_time now) {
  const auto when = parse_time(time);
  return when ? human_duration(now - *when) : "<unknown>";
}

} // namespace actord::schema
