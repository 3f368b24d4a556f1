#include "schema/base/timestamp.hpp"

namespace actord::schema {
namespace {

using namespace std::chrono;

/// Writes a number with leading zeros and what follows it. By hand: every write has two times or more, and
/// printf took a hundredth of a create for them.
void append_padded(std::string& text, unsigned value, std::size_t digits, char follows) {
  text.resize(text.size() + digits, '0');
  for (std::size_t at = text.size(); value != 0 && digits-- != 0; value /= 10)
    text[--at] = static_cast<char>('0' + value % 10);
  text += follows;
}

/// "2024-05-06T07:08:09" and `follows`.
std::string seconds_part(wall_time when, char follows) {
  const auto day = floor<days>(when);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(when - day)};
  std::string text;
  text.reserve(28);
  append_padded(text, static_cast<unsigned>(static_cast<int>(date.year())), 4, '-');
  append_padded(text, static_cast<unsigned>(date.month()), 2, '-');
  append_padded(text, static_cast<unsigned>(date.day()), 2, 'T');
  append_padded(text, static_cast<unsigned>(clock.hours().count()), 2, ':');
  append_padded(text, static_cast<unsigned>(clock.minutes().count()), 2, ':');
  append_padded(text, static_cast<unsigned>(clock.seconds().count()), 2, follows);
  return text;
}

/// Takes exactly `digits` decimal digits off the front.
std::optional<int> take(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return {};
  int value = 0;
  for (const char digit : text.substr(0, digits)) {
    if (digit < '0' || digit > '9') return {};
    value = value * 10 + (digit - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool skip(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<nanoseconds> take_fraction(std::string_view& text) {
  if (!skip(text, '.')) return nanoseconds{0};
  std::int64_t value = 0;
  std::int64_t scale = 1'000'000'000;
  std::size_t used = 0;
  while (used < text.size() && text[used] >= '0' && text[used] <= '9') {
    if (scale > 1) {
      value = value * 10 + (text[used] - '0');
      scale /= 10;
    }
    ++used;
  }
  if (used == 0) return {};
  text.remove_prefix(used);
  return nanoseconds{value * scale};
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (skip(text, 'Z') || skip(text, 'z')) return minutes{0};
  const bool east = skip(text, '+');
  if (!east && !skip(text, '-')) return {};
  const auto hour = take(text, 2);
  if (!hour || *hour > 23 || !skip(text, ':')) return {};
  const auto minute = take(text, 2);
  if (!minute || *minute > 59) return {};
  const minutes offset = hours(*hour) + minutes(*minute);
  return east ? offset : -offset;
}

} // namespace

std::string format_time(wall_time when) { return seconds_part(when, 'Z'); }

std::string format_micro_time(wall_time when) {
  const auto micros = duration_cast<microseconds>(when - floor<seconds>(when)).count();
  std::string text = seconds_part(when, '.');
  append_padded(text, static_cast<unsigned>(micros), 6, 'Z');
  return text;
}

std::optional<wall_time> parse_time(std::string_view text) {
  const auto year_number = take(text, 4);
  if (!year_number || !skip(text, '-')) return {};
  const auto month_number = take(text, 2);
  if (!month_number || !skip(text, '-')) return {};
  const auto day_number = take(text, 2);
  if (!day_number || !(skip(text, 'T') || skip(text, 't'))) return {};
  const auto hour = take(text, 2);
  if (!hour || *hour > 23 || !skip(text, ':')) return {};
  const auto minute = take(text, 2);
  if (!minute || *minute > 59 || !skip(text, ':')) return {};
  const auto second = take(text, 2);
  if (!second || *second > 59) return {};
  const auto fraction = take_fraction(text);
  const auto offset = fraction ? take_offset(text) : std::nullopt;
  if (!offset || !text.empty()) return {};
  const year_month_day date{year(*year_number), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number))};
  // Nanoseconds in 64 bits reach from 1678 to 2261.
  if (!date.ok() || *year_number < 1678 || *year_number > 2261) return {};
  return wall_time{sys_days{date}} + hours(*hour) + minutes(*minute) + seconds(*second) + *fraction - *offset;
}

} // namespace actord::schema
