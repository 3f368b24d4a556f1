#include "schema/cel/library/libraries.hpp"
#include "schema/cel/library/number_text.hpp"
#include "schema/cel/times.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;

value no_conversion(std::string_view to) {
  return value::error(fmt::format("type conversion error from 'string' to '{}'", to));
}

value out_of_range() { return value::error("integer overflow"); }

value to_int(arguments all, spending&) {
  const value& from = all[0];
  if (from.as<std::int64_t>() != nullptr) return from;
  if (const auto* number = from.as<std::uint64_t>())
    return *number > INT64_MAX ? out_of_range() : value(static_cast<std::int64_t>(*number));
  if (const auto* number = from.as<double>()) {
    if (!(*number > -9.2233720368547758e18 && *number < 9.2233720368547758e18)) return out_of_range();
    return static_cast<std::int64_t>(*number);
  }
  if (const auto* when = from.as<time_point>()) return when->seconds;
  if (const auto* span = from.as<time_span>()) return span->nanoseconds;
  if (const auto seen = from.string()) {
    std::int64_t read = 0;
    const std::string_view digits = seen->substr(seen->starts_with('+') ? 1 : 0);
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), read);
    if (failed == std::errc() && end == digits.data() + digits.size()) return read;
    return no_conversion("int");
  }
  return value::no_overload();
}

value to_uint(arguments all, spending&) {
  const value& from = all[0];
  if (from.as<std::uint64_t>() != nullptr) return from;
  if (const auto* number = from.as<std::int64_t>())
    return *number < 0 ? value::error("unsigned integer overflow")
                       : value(static_cast<std::uint64_t>(*number));
  if (const auto* number = from.as<double>()) {
    if (!(*number >= 0 && *number < 1.8446744073709551e19)) return value::error("unsigned integer overflow");
    return static_cast<std::uint64_t>(*number);
  }
  if (const auto seen = from.string()) {
    std::uint64_t read = 0;
    const auto [end, failed] = std::from_chars(seen->data(), seen->data() + seen->size(), read);
    if (failed == std::errc() && end == seen->data() + seen->size()) return read;
    return no_conversion("uint");
  }
  return value::no_overload();
}

value to_double(arguments all, spending&) {
  const value& from = all[0];
  if (from.as<double>() != nullptr) return from;
  if (const auto* number = from.as<std::int64_t>()) return static_cast<double>(*number);
  if (const auto* number = from.as<std::uint64_t>()) return static_cast<double>(*number);
  if (const auto seen = from.string()) {
    double read = 0;
    const std::string_view digits = seen->substr(seen->starts_with('+') ? 1 : 0);
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), read);
    if (failed == std::errc() && end == digits.data() + digits.size() && !digits.empty()) return read;
    return no_conversion("double");
  }
  return value::no_overload();
}

bool is_utf8(std::string_view from) {
  while (!from.empty()) {
    const auto first = static_cast<unsigned char>(from[0]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 0 || first > 0xf4 || from.size() < length) return false;
    for (std::size_t i = 1; i < length; ++i)
      if ((static_cast<unsigned char>(from[i]) & 0xc0U) != 0x80) return false;
    from.remove_prefix(length);
  }
  return true;
}

value to_string(arguments all, spending& cost) {
  const value& from = all[0];
  if (from.string()) return from;
  if (const auto* number = from.as<std::int64_t>()) return value::of(fmt::format("{}", *number));
  if (const auto* number = from.as<std::uint64_t>()) return value::of(fmt::format("{}", *number));
  if (const auto* number = from.as<double>()) return value::of(number_text(*number));
  if (const auto* yes = from.as<bool>()) return value::of(*yes ? "true" : "false");
  if (const auto* when = from.as<time_point>()) return value::of(text_of(*when));
  if (const auto* span = from.as<time_span>()) return value::of(text_of(*span));
  if (const auto* bytes = from.as<byte_text>()) {
    if (!cost.spend(cost_of_text(bytes->bytes.get().size()))) return {};
    if (!is_utf8(bytes->bytes.get())) return value::error("invalid UTF-8 in bytes, cannot convert to string");
    return bytes->bytes;
  }
  if (const auto* other = from.as<std::shared_ptr<const opaque_value>>())
    if (auto shown = opaque_text(**other)) return value::of(std::move(*shown));
  return value::no_overload();
}

value to_bytes(arguments all, spending&) {
  if (all[0].as<byte_text>() != nullptr) return all[0];
  if (const auto* seen = all[0].as<text>()) return byte_text{*seen};
  return value::no_overload();
}

value to_bool(arguments all, spending&) {
  if (all[0].as<bool>() != nullptr) return all[0];
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (*seen == yes) return true;
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (*seen == no) return false;
  return no_conversion("bool");
}

value to_timestamp(arguments all, spending&) {
  if (all[0].as<time_point>() != nullptr) return all[0];
  if (const auto* seconds = all[0].as<std::int64_t>()) {
    const time_point when{*seconds, 0};
    return in_range(when) ? value(when) : value::error("timestamp overflow");
  }
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  const auto when = parse_time_point(*seen);
  return when ? value(*when) : no_conversion("google.protobuf.Timestamp");
}

value to_duration(arguments all, spending&) {
  if (all[0].as<time_span>() != nullptr) return all[0];
  if (const auto* nanoseconds = all[0].as<std::int64_t>()) return time_span{*nanoseconds};
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  const auto span = parse_time_span(*seen);
  return span ? value(*span) : no_conversion("google.protobuf.Duration");
}

value as_it_is(arguments all, spending&) { return all[0]; }

value type_of(arguments all, spending&) {
  if (all[0].as<type_name>() != nullptr) return type_name{"type"};
  return type_name{all[0].type_text()};
}

constexpr std::array<function_row, 10> rows{
    {{"int", "(int)int;(uint)int;(double)int;(string)int;(timestamp)int;(duration)int", to_int},
     {"uint", "(uint)uint;(int)uint;(double)uint;(string)uint", to_uint},
     {"double", "(double)double;(int)double;(uint)double;(string)double", to_double},
     {"string",
      "(string)string;(int)string;(uint)string;(double)string;(bool)string;(bytes)string;(timestamp)string;"
      "(duration)string;(ip)string;(cidr)string",
      to_string},
     {"bytes", "(bytes)bytes;(string)bytes", to_bytes},
     {"bool", "(bool)bool;(string)bool", to_bool},
     {"timestamp", "(timestamp)timestamp;(string)timestamp;(int)timestamp", to_timestamp},
     {"duration", "(duration)duration;(string)duration;(int)duration", to_duration},
     {"dyn", "(A)dyn", as_it_is},
     {"type", "(A)type", type_of}}};

} // namespace

std::span<const function_row> conversion_functions() { return rows; }

} // namespace actord::schema::cel
