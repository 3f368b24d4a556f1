#include "schema/cron/go_duration.hpp"

#include "schema/rules/checks/formats.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace actord::schema {

namespace {

constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view digits = "0123456789";

struct unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr std::array<unit, 8> units{{{"ns", 1},
                                     {"us", 1'000},
                                     {"\u00b5s", 1'000},
                                     {"\u03bcs", 1'000},
                                     {"ms", 1'000'000},
                                     {"s", 1'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"h", 3'600'000'000'000}}};

std::string_view take(std::string_view& text, std::size_t length) {
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(taken.size());
  return taken;
}

/// Nothing when that is longer than any duration.
std::optional<std::uint64_t> whole_of(std::string_view number, std::uint64_t nanoseconds) {
  std::uint64_t out = 0;
  for (const char digit : number) {
    if (out > longest / 10) return std::nullopt;
    out = out * 10 + static_cast<unsigned>(digit - '0');
  }
  if (out > longest / nanoseconds) return std::nullopt;
  return out * nanoseconds;
}

/// The part behind the point, in nanoseconds, rounded down.
std::uint64_t fraction_of(std::string_view number, std::uint64_t nanoseconds) {
  double out = 0, scale = static_cast<double>(nanoseconds);
  for (const char digit : number.substr(0, 18)) out += (digit - '0') * (scale /= 10);
  return static_cast<std::uint64_t>(out);
}

} // namespace

result<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  const auto wrong = [whole = text](std::string_view what, std::string_view named = {}) {
    std::string message = "time: " + std::string(what);
    if (!named.empty()) message += ' ' + rules::go_quoted(named) + " in duration";
    return error{error_kind::invalid, message + ' ' + rules::go_quoted(whole)};
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return std::chrono::nanoseconds(0);
  if (rest.empty()) return wrong("invalid duration");
  std::uint64_t total = 0;
  while (!rest.empty()) {
    const std::string_view before = take(rest, std::min(rest.find_first_not_of(digits), rest.size()));
    std::string_view after;
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      after = take(rest, std::min(rest.find_first_not_of(digits), rest.size()));
    }
    if (before.empty() && after.empty()) return wrong("invalid duration");
    const std::string_view name = take(rest, std::min(rest.find_first_of("0123456789."), rest.size()));
    if (name.empty()) return wrong("missing unit in duration");
    const auto* const known = std::ranges::find(units, name, &unit::name);
    if (known == units.end()) return wrong("unknown unit", name);
    const auto whole = whole_of(before, known->nanoseconds);
    if (!whole) return wrong("invalid duration");
    total += *whole + fraction_of(after, known->nanoseconds);
    if (total > longest) return wrong("invalid duration");
  }
  const auto count = static_cast<std::int64_t>(total);
  return std::chrono::nanoseconds(negative ? -count : count);
}

} // namespace actord::schema
