#include "cli/command_line/duration.hpp"

#include <charconv>

namespace actord::cli {
namespace {

constexpr std::int64_t day_s = 24 * 3600;
constexpr std::int64_t longest_s = 100 * 366 * day_s;

std::int64_t seconds_in(char unit) {
  switch (unit) {
  case 'd':
    return day_s;
  case 'h':
    return 3600;
  case 'm':
    return 60;
  case 's':
    return 1;
  default:
    return 0;
  }
}

} // namespace

std::optional<std::int64_t> duration_s(std::string_view text) {
  std::int64_t total = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  if (at == end) return std::nullopt;
  while (at != end) {
    std::int64_t count = 0;
    const auto parsed = std::from_chars(at, end, count);
    if (parsed.ec != std::errc() || parsed.ptr == end || count < 0 || count > longest_s) return std::nullopt;
    const std::int64_t unit_s = seconds_in(*parsed.ptr);
    if (unit_s == 0 || count > longest_s / unit_s) return std::nullopt;
    total += count * unit_s;
    if (total > longest_s) return std::nullopt;
    at = parsed.ptr + 1;
  }
  return total;
}

} // namespace actord::cli
