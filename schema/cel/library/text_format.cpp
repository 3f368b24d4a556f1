#include "schema/cel/library/text_format.hpp"

#include "schema/cel/library/number_text.hpp"
#include "schema/cel/times.hpp"

#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

constexpr int most_precision = 100;
constexpr int most_nesting = 32;

std::string shown(const value& one, int depth) {
  if (one.is_null()) return "null";
  if (const auto seen = one.string()) return std::string(*seen);
  if (const auto* yes = one.as<bool>()) return *yes ? "true" : "false";
  if (const auto* number = one.as<std::int64_t>()) return fmt::format("{}", *number);
  if (const auto* number = one.as<std::uint64_t>()) return fmt::format("{}", *number);
  if (const auto* number = one.as<double>()) return number_text(*number);
  if (const auto* when = one.as<time_point>()) return text_of(*when);
  if (const auto* span = one.as<time_span>()) return text_of(*span);
  if (const auto* name = one.as<type_name>()) return name->name;
  if (const auto* bytes = one.as<byte_text>()) return std::string(bytes->bytes.get());
  if (const auto* other = one.as<std::shared_ptr<const opaque_value>>())
    return opaque_text(**other).value_or("");
  if (depth > most_nesting) return "...";
  std::string all;
  if (one.is_list()) {
    for (std::size_t i = 0; i < *one.size(); ++i) all += (i == 0 ? "" : ", ") + shown(one.item(i), depth + 1);
    return "[" + all + "]";
  }
  if (one.is_map())
    for (const value& key : one.keys())
      all += (all.empty() ? "" : ", ") + shown(key, depth + 1) + ": " + shown(*one.member(key), depth + 1);
  return "{" + all + "}";
}

std::string hex(std::string_view bytes, bool upper) {
  std::string all;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    all += upper ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
  }
  return all;
}

/// "-1f" of a whole number in another base.
template <class Whole>
std::string in_base(Whole number, char verb) {
  const bool negative = number < 0;
  const std::uint64_t size =
      negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  const std::string digits = verb == 'b'   ? fmt::format("{:b}", size)
                             : verb == 'o' ? fmt::format("{:o}", size)
                             : verb == 'x' ? fmt::format("{:x}", size)
                             : verb == 'X' ? fmt::format("{:X}", size)
                                           : fmt::format("{}", size);
  return (negative ? "-" : "") + digits;
}

std::optional<std::string> decimal(const value& one, char verb, int precision) {
  double number = 0;
  if (const auto* held = one.as<double>())
    number = *held;
  else if (const auto* whole = one.as<std::int64_t>())
    number = static_cast<double>(*whole);
  else if (const auto* count = one.as<std::uint64_t>())
    number = static_cast<double>(*count);
  else
    return std::nullopt;
  if (!std::isfinite(number)) return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
  return verb == 'f' ? fmt::format("{:.{}f}", number, precision) : fmt::format("{:.{}e}", number, precision);
}

std::optional<std::string> clause(const value& one, char verb, int precision) {
  switch (verb) {
  case 's':
    return shown(one, 0);
  case 'f':
  case 'e':
    return decimal(one, verb, precision);
  case 'x':
  case 'X':
    if (const auto seen = one.string()) return hex(*seen, verb == 'X');
    if (const auto* bytes = one.as<byte_text>()) return hex(bytes->bytes.get(), verb == 'X');
    break;
  case 'b':
    if (const auto* yes = one.as<bool>()) return *yes ? "1" : "0";
    break;
  case 'd':
    if (const auto* number = one.as<double>(); number != nullptr && !std::isfinite(*number))
      return std::isnan(*number) ? "NaN" : *number > 0 ? "Infinity" : "-Infinity";
    break;
  case 'o':
    break;
  default:
    return std::nullopt;
  }
  if (const auto* number = one.as<std::int64_t>()) return in_base(*number, verb);
  if (const auto* number = one.as<std::uint64_t>()) return in_base(*number, verb);
  return std::nullopt;
}

/// ".3" from the front; -1 when it is no precision.
int take_precision(std::string_view& rest) {
  constexpr int usual = 6;
  if (!rest.starts_with('.')) return usual;
  int read = -1;
  const auto [end, failed] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), read);
  if (failed != std::errc() || read < 0 || read > most_precision) return -1;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return read;
}

} // namespace

value formatted(std::string_view form, const value& items, spending& cost) {
  if (!cost.spend(cost_of_text(form.size()))) return {};
  std::string made;
  std::size_t used = 0;
  while (!form.empty()) {
    const std::size_t plain = std::min(form.find('%'), form.size());
    made += form.substr(0, plain);
    form.remove_prefix(plain);
    if (form.empty()) break;
    form.remove_prefix(1);
    if (form.starts_with('%')) {
      made += '%';
      form.remove_prefix(1);
      continue;
    }
    const int precision = take_precision(form);
    if (precision < 0 || form.empty()) return value::error("could not parse formatting clause");
    const char verb = form.front();
    form.remove_prefix(1);
    if (used >= *items.size()) return value::error(fmt::format("index {} out of range", used));
    const value item = items.item(used++);
    if (!spend_on_all(item, cost)) return {};
    const auto text = clause(item, verb, precision);
    if (!text)
      return value::error(
          fmt::format("could not parse formatting clause: unrecognized formatting clause \"{}\"", verb));
    if (!cost.spend(cost_of_text(text->size()))) return {};
    made += *text;
  }
  return value::of(std::move(made));
}

} // namespace actord::schema::cel
