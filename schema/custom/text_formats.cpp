#include "schema/custom/text_formats.hpp"

#include "schema/custom/text_pattern.hpp"
#include "schema/rules/checks/formats.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>
#include <optional>
#include <string>

namespace actord::schema::custom {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool all(std::string_view text, bool (*predicate)(char)) { return std::ranges::all_of(text, predicate); }

std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (is_digit(c)) digits += c;
  return digits;
}

int number(std::string_view digits) {
  int value = -1;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return end.ec == std::errc() && end.ptr == digits.data() + digits.size() ? value : -1;
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const std::string_view year = text.substr(0, 4);
  const std::string_view month = text.substr(5, 2);
  const std::string_view day = text.substr(8, 2);
  if (!all(year, is_digit) || !all(month, is_digit) || !all(day, is_digit)) return false;
  constexpr std::array<int, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int y = number(year);
  const int m = number(month);
  const int d = number(day);
  if (m < 1 || m > 12 || d < 1) return false;
  const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
  return d <= lengths[static_cast<std::size_t>(m - 1)] + (m == 2 && leap ? 1 : 0);
}

bool is_date_time(std::string_view text) {
  const auto t = text.find_first_of("tT");
  if (t == std::string_view::npos || !is_date(text.substr(0, t))) return false;
  static const text_pattern time(
      R"(^([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?(z|Z|([+-][0-9]{2}:[0-9]{2})))");
  const std::string_view rest = text.substr(t + 1);
  return time.matches(rest) && rest.substr(0, 2) <= "23" && rest.substr(3, 2) <= "59" &&
         rest.substr(6, 2) <= "59";
}

/// A number and a unit, once or more: "1h30m", "5 days", "1.5s".
bool is_duration(std::string_view text) {
  static const text_pattern plain(R"(^[+-]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$)");
  static const text_pattern worded(
      R"((?i)[0-9]+\s*(ns|nano|us|µs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|wk|week)[A-Za-zµ]*)");
  return plain.matches(text) || worded.matches(text);
}

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    // Leading zeros pass, as they always did.
    if (part.empty() || part.size() > 8 || !all(part, is_digit)) return std::nullopt;
    const int value = number(part);
    if (value < 0 || value > 255 || (dot == std::string_view::npos) != (i == 3)) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(value);
    text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  }
  return bytes;
}

bool is_ipv4(std::string_view text) { return parse_ipv4(text).has_value(); }

bool is_ipv6(std::string_view text) {
  if (text.find(':') == std::string_view::npos) return false;
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_cidr(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view length = text.substr(slash + 1);
  if (length.empty() || length.size() > 3 || !all(length, is_digit)) return false;
  const std::string_view address = text.substr(0, slash);
  return (is_ipv4(address) && number(length) <= 32) || (is_ipv6(address) && number(length) <= 128);
}

bool is_mac(std::string_view text) {
  static const text_pattern pairs(
      R"(^([0-9a-fA-F]{2}([:-]))([0-9a-fA-F]{2}[:-]){4}([0-9a-fA-F]{2}[:-][0-9a-fA-F]{2}[:-])?[0-9a-fA-F]{2}$)");
  static const text_pattern fours(R"(^([0-9a-fA-F]{4}\.){2}([0-9a-fA-F]{4}\.)?[0-9a-fA-F]{4}$)");
  if (fours.matches(text)) return true;
  return pairs.matches(text) &&
         (text.find(':') == std::string_view::npos || text.find('-') == std::string_view::npos);
}

bool is_host_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool is_host_character(char c) { return is_host_letter(c) || is_digit(c); }

bool is_host_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && is_host_character(label.front()) &&
         is_host_character(label.back()) &&
         std::ranges::all_of(label, [](char c) { return c == '-' || is_host_character(c); });
}

/// Labels of letters (of any script), digits and inner dashes. A name of several ends in letters; in a name
/// of one, a dash can only be the second character.
bool is_hostname(std::string_view text) {
  if (text.size() > 255) return false;
  const auto last = text.rfind('.');
  if (last == std::string_view::npos)
    return is_host_label(text) &&
           text.substr(2 < text.size() ? 2 : text.size()).find('-') == std::string_view::npos;
  const std::string_view top = text.substr(last + 1);
  if (top.size() < 2 || top.size() > 63 || !all(top, is_host_letter)) return false;
  std::string_view rest = text.substr(0, last);
  while (true) {
    const auto dot = rest.find('.');
    if (!is_host_label(rest.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    rest.remove_prefix(dot + 1);
  }
}

/// "user@host", or that in angle brackets behind a name.
bool is_email(std::string_view text) {
  static const text_pattern plain(R"(^\s*[^\s@<>()\[\],;:\\"]+@([^\s@<>()\[\],;:\\"]+|\[[^\s\[\]]+\])\s*$)");
  static const text_pattern quoted(R"(^\s*"([^"\\]|\\.)*"@[^\s@<>()\[\],;:\\"]+\s*$)");
  const auto open = text.find('<');
  if (open != std::string_view::npos && text.ends_with('>'))
    return is_email(text.substr(open + 1, text.size() - open - 2));
  static const text_pattern dots(R"((^\s*\.|\.\.|\.@))");
  return quoted.matches(text) || (plain.matches(text) && !dots.matches(text));
}

/// An absolute URI or an absolute path.
bool is_uri(std::string_view text) {
  static const text_pattern shape(
      R"(^(/|[a-zA-Z][a-zA-Z0-9+.-]*:[^\s\x00-\x1f\x7f])([^\x00-\x20\x7f]|%[0-9a-fA-F]{2})*$)");
  static const text_pattern bad_escape(R"(%([^0-9a-fA-F]|$|[0-9a-fA-F]([^0-9a-fA-F]|$)))");
  return shape.matches(text) && !bad_escape.matches(text);
}

template <int Version>
bool is_uuid(std::string_view text) {
  static const text_pattern shape(
      Version == 0   ? "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"
      : Version == 3 ? "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$"
      : Version == 4 ? "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"
                     : "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$");
  return shape.matches(text);
}

std::string without_separators(std::string_view text) {
  std::string bare;
  for (const char c : text)
    if (c != '-' && c != ' ') bare += c;
  return bare;
}

bool is_isbn10(std::string_view text) {
  const std::string bare = without_separators(text);
  if (bare.size() != 10) return false;
  int sum = 0;
  for (int i = 0; i < 10; ++i) {
    const char c = bare[static_cast<std::size_t>(i)];
    if (c == 'X' && i == 9)
      sum += 10 * 10;
    else if (is_digit(c))
      sum += (i + 1) * (c - '0');
    else
      return false;
  }
  return sum % 11 == 0;
}

bool is_isbn13(std::string_view text) {
  const std::string bare = without_separators(text);
  if (bare.size() != 13 || !all(bare, is_digit)) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 13; ++i) sum += (i % 2 == 0 ? 1 : 3) * (bare[i] - '0');
  return sum % 10 == 0;
}

bool is_isbn(std::string_view text) { return is_isbn10(text) || is_isbn13(text); }

bool is_credit_card(std::string_view text) {
  const std::string digits = digits_of(text);
  static const text_pattern shape(
      R"(^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})$)");
  if (!shape.matches(digits)) return false;
  int sum = 0;
  bool twice = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, twice = !twice) {
    const int digit = (*at - '0') * (twice ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 == 0;
}

bool is_ssn(std::string_view text) {
  static const text_pattern shape(R"(^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$)");
  return shape.matches(text);
}

bool is_hex_color(std::string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  return (text.size() == 3 || text.size() == 6) && all(text, is_hex);
}

bool is_rgb_color(std::string_view text) {
  static const text_pattern shape(
      R"(^rgb\(\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])\s*\)$)");
  return shape.matches(text);
}

bool is_base64(std::string_view text) {
  static const text_pattern shape(
      R"(^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$)");
  return shape.matches(text);
}

bool is_object_id(std::string_view text) { return text.size() == 24 && all(text, is_hex); }
bool is_short_name(std::string_view text) { return rules::dns_label(text).empty(); }
bool is_long_name(std::string_view text) { return rules::dns_subdomain(text).empty(); }
bool is_anything(std::string_view) { return true; }

struct format_row {
  std::string_view name; ///< without dashes
  bool (*check)(std::string_view text);
};

constexpr std::array formats{format_row{"bsonobjectid", is_object_id},
                             format_row{"byte", is_base64},
                             format_row{"cidr", is_cidr},
                             format_row{"creditcard", is_credit_card},
                             format_row{"date", is_date},
                             format_row{"datetime", is_date_time},
                             format_row{"duration", is_duration},
                             format_row{"email", is_email},
                             format_row{"hexcolor", is_hex_color},
                             format_row{"hostname", is_hostname},
                             format_row{"ipv4", is_ipv4},
                             format_row{"ipv6", is_ipv6},
                             format_row{"isbn", is_isbn},
                             format_row{"isbn10", is_isbn10},
                             format_row{"isbn13", is_isbn13},
                             format_row{"k8slongname", is_long_name},
                             format_row{"k8sshortname", is_short_name},
                             format_row{"mac", is_mac},
                             format_row{"password", is_anything},
                             format_row{"rgbcolor", is_rgb_color},
                             format_row{"ssn", is_ssn},
                             format_row{"uri", is_uri},
                             format_row{"uuid", is_uuid<0>},
                             format_row{"uuid3", is_uuid<3>},
                             format_row{"uuid4", is_uuid<4>},
                             format_row{"uuid5", is_uuid<5>}};
static_assert(std::ranges::is_sorted(formats, {}, &format_row::name));

const format_row* find_format(std::string_view format) {
  std::string name;
  for (const char c : format)
    if (c != '-') name += c;
  const auto* found = std::ranges::lower_bound(formats, std::string_view(name), {}, &format_row::name);
  return found != formats.end() && found->name == name ? found : nullptr;
}

} // namespace

bool is_known_format(std::string_view format) { return find_format(format) != nullptr; }

bool has_format(std::string_view format, std::string_view text) {
  const format_row* row = find_format(format);
  return row == nullptr || row->check(text);
}

} // namespace actord::schema::custom
