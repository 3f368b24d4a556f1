#include "schema/cron/cron_schedule.hpp"

#include "schema/cron/go_duration.hpp"
#include "schema/cron/time_zone.hpp"
#include "schema/rules/checks/formats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <vector>

namespace actord::schema {

namespace {

constexpr std::string_view white = " \t\n\v\f\r";

struct field_kind {
  unsigned least;
  unsigned most;
  std::vector<std::string_view> names; ///< for least, least + 1, ...
};

/// The values of one field, and whether it is open ("*").
struct field_values {
  std::uint64_t bits = 0;
  bool any = false;
};

error wrong(std::string message) { return {error_kind::invalid, std::move(message)}; }

std::vector<std::string_view> split_at(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// Unlike `split_at` it keeps empty parts.
std::vector<std::string_view> split_strictly(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

result<unsigned> read_number(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with('+') && digits.size() > 1 && digits[1] != '-') digits.remove_prefix(1);
  unsigned value = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failed == std::errc{} && end == digits.data() + digits.size()) return value;
  return wrong(
      fmt::format("failed to parse int from {}: strconv.Atoi: parsing {}: {}", text, rules::go_quoted(text),
                  failed == std::errc::result_out_of_range ? "value out of range" : "invalid syntax"));
}

result<unsigned> read_name_or_number(std::string_view text, const field_kind& kind) {
  std::string word(text);
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto named = std::ranges::find(kind.names, word);
  if (named == kind.names.end()) return read_number(text);
  return kind.least + static_cast<unsigned>(named - kind.names.begin());
}

/// "*", "5", "1-5", "*/15", "1-30/2"; "7/10" goes on to the end.
result<field_values> read_range(std::string_view text, const field_kind& kind) {
  const auto parts = split_strictly(text, '/');
  const auto ends = split_strictly(parts[0], '-');
  const bool open = ends[0] == "*" || ends[0] == "?";
  unsigned first = kind.least, last = kind.most, step = 1;
  if (!open) {
    const auto from = read_name_or_number(ends[0], kind);
    if (!from) return from.error();
    first = last = *from;
    if (ends.size() > 2) return wrong(fmt::format("too many hyphens: {}", text));
    if (ends.size() == 2) {
      const auto to = read_name_or_number(ends[1], kind);
      if (!to) return to.error();
      last = *to;
    }
  }
  if (parts.size() > 2) return wrong(fmt::format("too many slashes: {}", text));
  if (parts.size() == 2) {
    const auto given = read_number(parts[1]);
    if (!given) return given.error();
    step = *given;
    if (ends.size() == 1) last = kind.most;
  }
  if (first < kind.least)
    return wrong(fmt::format("beginning of range ({}) below minimum ({}): {}", first, kind.least, text));
  if (last > kind.most)
    return wrong(fmt::format("end of range ({}) above maximum ({}): {}", last, kind.most, text));
  if (first > last)
    return wrong(fmt::format("beginning of range ({}) beyond end of range ({}): {}", first, last, text));
  if (step == 0) return wrong(fmt::format("step of range should be a positive number: {}", text));
  field_values out{0, open && step == 1};
  for (std::uint64_t value = first; value <= last; value += step) out.bits |= std::uint64_t{1} << value;
  return out;
}

result<field_values> read_field(std::string_view text, const field_kind& kind) {
  field_values out;
  for (const std::string_view part : split_at(text, ",")) {
    const auto range = read_range(part, kind);
    if (!range) return range.error();
    out.bits |= range->bits;
    out.any |= range->any;
  }
  return out;
}

result<cron_schedule> read_fields(std::string_view text) {
  static const std::array<field_kind, 5> kinds{
      {{0, 59, {}},
       {0, 23, {}},
       {1, 31, {}},
       {1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
       {0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}}};
  const std::vector<std::string_view> fields = split_at(text, white);
  if (fields.size() != kinds.size())
    return wrong(
        fmt::format("expected exactly 5 fields, found {}: [{}]", fields.size(), fmt::join(fields, " ")));
  std::array<field_values, kinds.size()> values;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto read = read_field(fields[i], kinds[i]);
    if (!read) return read.error();
    values[i] = *read;
  }
  cron_schedule out;
  out.minutes = values[0].bits;
  out.hours = values[1].bits;
  out.days = values[2].bits;
  out.months = values[3].bits;
  out.weekdays = values[4].bits;
  out.any_day = values[2].any;
  out.any_weekday = values[4].any;
  return out;
}

result<cron_schedule> read_word(std::string_view text) {
  struct word {
    std::string_view name, fields;
  };
  constexpr std::array<word, 7> words{{{"@yearly", "0 0 1 1 *"},
                                       {"@annually", "0 0 1 1 *"},
                                       {"@monthly", "0 0 1 * *"},
                                       {"@weekly", "0 0 * * 0"},
                                       {"@daily", "0 0 * * *"},
                                       {"@midnight", "0 0 * * *"},
                                       {"@hourly", "0 * * * *"}}};
  const auto* const known = std::ranges::find(words, text, &word::name);
  if (known != words.end()) return read_fields(known->fields);
  constexpr std::string_view every = "@every ";
  if (!text.starts_with(every)) return wrong(fmt::format("unrecognized descriptor: {}", text));
  const auto span = parse_go_duration(text.substr(every.size()));
  if (!span) return wrong(fmt::format("failed to parse duration {}: {}", text, span.error().message));
  cron_schedule out;
  out.every = std::max(std::chrono::floor<std::chrono::seconds>(*span), std::chrono::seconds(1));
  return out;
}

} // namespace

result<cron_schedule> parse_schedule(std::string_view text) {
  std::string zone;
  if (text.starts_with("TZ=") || text.starts_with("CRON_TZ=")) {
    const std::size_t equals = text.find('='), space = text.find(' ');
    if (space == std::string_view::npos) return wrong("runtime error: slice bounds out of range [:-1]");
    zone = text.substr(equals + 1, space - equals - 1);
    if (!zone.empty() && !time_zone::find(zone))
      return wrong(fmt::format("provided bad location {}: unknown time zone {}", zone, zone));
    text.remove_prefix(std::min(text.find_first_not_of(white, space), text.size()));
  }
  auto out = text.starts_with('@') ? read_word(text) : read_fields(text);
  if (out) out->zone = std::move(zone);
  return out;
}

} // namespace actord::schema
