#include "schema/cron/time_zone.hpp"

#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>

namespace actord::schema {

namespace {

/// Parts of letters, digits and ".-_+" between slashes: nothing that leads out of the database.
bool is_zone_name(std::string_view name) {
  constexpr std::size_t longest = 255;
  if (name.empty() || name.size() > longest) return false;
  for (std::string_view rest = name;;) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part.empty() || part.starts_with('.')) return false;
    for (const unsigned char c : part)
      if (std::isalnum(c) == 0 && c != '.' && c != '-' && c != '_' && c != '+') return false;
    if (part.size() == rest.size()) return true;
    rest.remove_prefix(part.size() + 1);
  }
}

/// The library keeps every name it is asked for: names of no zone must not reach it.
bool is_in_database(std::string_view name) {
  const char* const folder = std::getenv("TZDIR");
  std::ifstream file(std::string(folder != nullptr ? folder : "/usr/share/zoneinfo") + '/' +
                         std::string(name),
                     std::ios::binary);
  std::array<char, 4> magic{};
  return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), magic.size()) == "TZif";
}

} // namespace

std::optional<time_zone> time_zone::find(std::string_view name) {
  if (name == "UTC") return time_zone();
  if (!is_zone_name(name) || !is_in_database(name)) return std::nullopt;
  cctz::time_zone zone;
  if (!cctz::load_time_zone(std::string(name), &zone)) return std::nullopt;
  return time_zone(zone);
}

time_zone::stretch time_zone::around(std::chrono::sys_seconds when) const {
  stretch out{std::chrono::seconds(zone_.lookup(when).offset), std::chrono::sys_seconds::max()};
  cctz::time_zone::civil_transition change;
  if (zone_.next_transition(when, &change)) {
    const auto at = zone_.lookup(change.to).trans;
    if (at > when) out.end = std::chrono::time_point_cast<std::chrono::seconds>(at);
  }
  return out;
}

std::string time_zone::format(std::chrono::sys_seconds when) const {
  const bool is_utc = zone_.lookup(when).offset == 0;
  return cctz::format(is_utc ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%dT%H:%M:%S%Ez", when, zone_);
}

} // namespace actord::schema
