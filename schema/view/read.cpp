#include "schema/view/read.hpp"

#include "schema/base/timestamp.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace actord::schema::read {

value value::operator[](std::string_view member) const {
  simdjson::dom::object members;
  if (!present_ || element_.get(members) != simdjson::SUCCESS) return {};
  simdjson::dom::element found;
  if (members.at_key(member).get(found) != simdjson::SUCCESS) return {};
  return value(found);
}

std::string_view value::view() const {
  std::string_view out;
  if (!present_ || element_.get(out) != simdjson::SUCCESS) return {};
  return out;
}

std::string value::text_or(std::string_view fallback) const {
  const std::string_view found = view();
  return std::string(found.empty() ? fallback : found);
}

std::optional<std::int64_t> value::maybe_number() const {
  std::int64_t out = 0;
  if (!present_ || element_.get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::int64_t value::number(std::int64_t fallback) const { return maybe_number().value_or(fallback); }

std::optional<bool> value::maybe_flag() const {
  bool out = false;
  if (!present_ || element_.get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

bool value::flag(bool fallback) const { return maybe_flag().value_or(fallback); }

bool value::is_number() const { return present_ && element_.is_number(); }

std::vector<std::string> value::texts() const {
  std::vector<std::string> out;
  each([&](value item) { out.push_back(item.text()); });
  return out;
}

std::map<std::string, std::string, std::less<>> value::text_map() const {
  std::map<std::string, std::string, std::less<>> out;
  each_member([&](std::string_view key, value item) { out.emplace(key, item.view()); });
  return out;
}

std::string value::raw() const { return present_ ? simdjson::minify(element_) : std::string(); }

value document(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS) return {};
  return value(root);
}

std::optional<wall_time> value::time() const { return parse_time(view()); }

namespace {

struct suffix {
  std::string_view text;
  long double factor;
};

constexpr std::array suffixes{
    suffix{"n", 1e-9L},    suffix{"u", 1e-6L},    suffix{"m", 1e-3L},       suffix{"k", 1e3L},
    suffix{"M", 1e6L},     suffix{"G", 1e9L},     suffix{"T", 1e12L},       suffix{"P", 1e15L},
    suffix{"E", 1e18L},    suffix{"Ki", 1024.0L}, suffix{"Mi", 1048576.0L}, suffix{"Gi", 1073741824.0L},
    suffix{"Ti", 0x1p40L}, suffix{"Pi", 0x1p50L}, suffix{"Ei", 0x1p60L},
};

/// "e3", "E+3", "e-3".
std::optional<int> exponent_of(std::string_view text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(text.size() > 1 && text[1] == '+' ? 2 : 1);
  int out = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

/// The quantity times `scale`, rounded up. A long double has 64 bits of mantissa: exact for every int64
/// result.
std::optional<std::int64_t> scaled_quantity(std::string_view text, long double scale) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  long double mantissa = 0, fraction = 0, place = 1;
  std::size_t at = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
    mantissa = mantissa * 10 + static_cast<long double>(text[at] - '0');
  if (at < text.size() && text[at] == '.')
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      fraction = fraction * 10 + static_cast<long double>(text[at] - '0');
      place *= 10;
    }
  if (at == 0) return std::nullopt;
  const std::string_view rest = text.substr(at);
  long double factor = 1;
  if (!rest.empty()) {
    const suffix* known = nullptr;
    for (const auto& candidate : suffixes)
      if (candidate.text == rest) known = &candidate;
    if (known != nullptr) {
      factor = known->factor;
    } else if (const auto exponent = exponent_of(rest)) {
      factor = std::pow(10.0L, static_cast<long double>(*exponent));
    } else {
      return std::nullopt;
    }
  }
  // Whole and fractional digits are scaled together as one integer, so that "0.1" is not a hair above a
  // tenth.
  const long double digits_value = (mantissa * place + fraction) * (factor >= 1 ? factor : 1) * scale;
  const long double divisor = place * (factor < 1 ? std::round(1 / factor) : 1);
  const long double out = std::ceil(digits_value / divisor) * (negative ? -1 : 1);
  constexpr auto most = static_cast<long double>(std::numeric_limits<std::int64_t>::max());
  if (out >= most) return std::numeric_limits<std::int64_t>::max();
  if (out <= -most) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(out);
}

std::optional<std::int64_t> quantity_of(value in, std::int64_t scale) {
  if (const auto plain = in.maybe_number()) return *plain * scale;
  if (!in || in.view().empty()) return std::nullopt;
  return scaled_quantity(in.view(), static_cast<long double>(scale));
}

} // namespace

std::optional<std::int64_t> milli_quantity(value text) { return quantity_of(text, 1000); }
std::optional<std::int64_t> whole_quantity(value text) { return quantity_of(text, 1); }

std::optional<std::string> base64_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    int sextet = -1;
    if (c >= 'A' && c <= 'Z')
      sextet = c - 'A';
    else if (c >= 'a' && c <= 'z')
      sextet = c - 'a' + 26;
    else if (c >= '0' && c <= '9')
      sextet = c - '0' + 52;
    else if (c == '+')
      sextet = 62;
    else if (c == '/')
      sextet = 63;
    else if (c == '=' || c == '\n' || c == '\r')
      continue;
    else
      return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(sextet);
    if ((have += 6) >= 8) {
      have -= 8;
      out.push_back(static_cast<char>((bits >> have) & 0xffU));
    }
  }
  return out;
}

} // namespace actord::schema::read
