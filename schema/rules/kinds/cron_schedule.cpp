#include "schema/rules/kinds/cron_schedule.hpp"

#include "schema/rules/checks/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <vector>

namespace actord::schema::rules {

namespace {

struct bounds {
  unsigned least;
  unsigned most;
  std::vector<std::string_view> names; ///< for least, least + 1, ...
};

std::string lowered(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

std::vector<std::string_view> split_at(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string read_number(std::string_view text, unsigned& value) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc{} && end == text.data() + text.size()) return {};
  if (text.starts_with('-')) return fmt::format("negative number ({}) not allowed: {}", text, text);
  return fmt::format("failed to parse int from {}: strconv.Atoi: parsing {}: invalid syntax", text,
                     go_quoted(text));
}

std::string read_name_or_number(std::string_view text, const bounds& allowed, unsigned& value) {
  const std::string word = lowered(text);
  const auto named = std::ranges::find(allowed.names, word);
  if (named == allowed.names.end()) return read_number(text, value);
  value = allowed.least + static_cast<unsigned>(named - allowed.names.begin());
  return {};
}

/// "*", "5", "1-5", "*/15", "1-30/2"
std::string range_complaint_of(std::string_view expression, const bounds& allowed) {
  std::vector<std::string_view> halves;
  for (std::string_view rest = expression;;) {
    const std::size_t slash = rest.find('/');
    halves.push_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  const std::string_view range = halves[0];
  unsigned start = allowed.least;
  unsigned end = allowed.most;
  const std::size_t dash = range.find('-');
  const bool single = dash == std::string_view::npos;
  if (range != "*" && range != "?") {
    if (std::ranges::count(range, '-') > 1) return fmt::format("too many hyphens: {}", expression);
    if (auto wrong = read_name_or_number(range.substr(0, dash), allowed, start); !wrong.empty()) return wrong;
    end = start;
    if (!single)
      if (auto wrong = read_name_or_number(range.substr(dash + 1), allowed, end); !wrong.empty())
        return wrong;
  }
  unsigned step = 1;
  if (halves.size() == 2) {
    if (auto wrong = read_number(halves[1], step); !wrong.empty()) return wrong;
    if (single) end = allowed.most;
  } else if (halves.size() > 2)
    return fmt::format("too many slashes: {}", expression);
  if (start < allowed.least)
    return fmt::format("beginning of range ({}) below minimum ({}): {}", start, allowed.least, expression);
  if (end > allowed.most)
    return fmt::format("end of range ({}) above maximum ({}): {}", end, allowed.most, expression);
  if (start > end)
    return fmt::format("beginning of range ({}) beyond end of range ({}): {}", start, end, expression);
  if (step == 0) return fmt::format("step of range should be a positive number: {}", expression);
  return {};
}

/// Go's time.Duration: "1h30m", "90s".
bool is_duration(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return true;
  bool any = false;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    if (digits == 0 || text.substr(0, digits) == ".") return false;
    text.remove_prefix(digits);
    std::size_t unit = 0;
    for (const std::string_view known : {"ns", "us", "ms", "s", "m", "h"})
      if (text.starts_with(known)) unit = std::max(unit, known.size());
    if (unit == 0) return false;
    text.remove_prefix(unit);
    any = true;
  }
  return any;
}

} // namespace

bool time_zone_exists(std::string_view name) {
  constexpr std::array<std::string_view, 18> areas{
      "Africa", "America", "Antarctica", "Arctic", "Asia",   "Atlantic", "Australia", "Brazil", "Canada",
      "Chile",  "Etc",     "Europe",     "Indian", "Mexico", "Pacific",  "US",        "posix",  "right"};
  constexpr std::array<std::string_view, 43> alone{
      "CET",     "CST6CDT",   "Cuba",    "EET",     "EST",   "EST5EDT",   "Egypt",     "Eire",     "Factory",
      "GB",      "GB-Eire",   "GMT",     "GMT+0",   "GMT-0", "GMT0",      "Greenwich", "HST",      "Hongkong",
      "Iceland", "Iran",      "Israel",  "Jamaica", "Japan", "Kwajalein", "Libya",     "MET",      "MST",
      "MST7MDT", "NZ",        "NZ-CHAT", "Navajo",  "PRC",   "PST8PDT",   "Poland",    "Portugal", "ROC",
      "ROK",     "Singapore", "Turkey",  "UCT",     "UTC",   "Universal", "WET"};
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos)
    return name == "W-SU" || name == "Zulu" || std::ranges::find(alone, name) != alone.end();
  return slash + 1 < name.size() && std::ranges::find(areas, name.substr(0, slash)) != areas.end();
}

std::string schedule_complaint(std::string_view schedule) {
  if (schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=")) {
    const std::size_t space = schedule.find(' ');
    if (space == std::string_view::npos) return "runtime error: slice bounds out of range [:-1]";
    const std::string_view zone = schedule.substr(schedule.find('=') + 1, space - schedule.find('=') - 1);
    if (!time_zone_exists(zone))
      return fmt::format("provided bad location {}: unknown time zone {}", zone, zone);
    schedule.remove_prefix(space + 1);
  }
  if (schedule.starts_with('@')) {
    constexpr std::array<std::string_view, 7> words{"@yearly", "@annually", "@monthly", "@weekly",
                                                    "@daily",  "@midnight", "@hourly"};
    if (std::ranges::find(words, schedule) != words.end()) return {};
    constexpr std::string_view every = "@every ";
    if (!schedule.starts_with(every)) return fmt::format("unrecognized descriptor: {}", schedule);
    const std::string_view span = schedule.substr(every.size());
    if (is_duration(span)) return {};
    return fmt::format("failed to parse duration {}: time: invalid duration {}", schedule, go_quoted(span));
  }
  static const std::array<bounds, 5> places{
      {{0, 59, {}},
       {0, 23, {}},
       {1, 31, {}},
       {1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
       {0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}}};
  const std::vector<std::string_view> fields = split_at(schedule, " \t\n\v\f\r");
  if (fields.size() != places.size())
    return fmt::format("expected exactly 5 fields, found {}: [{}]", fields.size(), fmt::join(fields, " "));
  for (std::size_t index = 0; index < fields.size(); ++index)
    for (const std::string_view part : split_at(fields[index], ","))
      if (std::string wrong = range_complaint_of(part, places[index]); !wrong.empty()) return wrong;
  return {};
}

} // namespace actord::schema::rules
