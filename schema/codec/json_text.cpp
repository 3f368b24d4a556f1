#include "schema/codec/json_text.hpp"

#include "schema/base/control_scan.hpp"
#include "schema/base/json.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace actord::schema {
namespace {

void append_escape(std::string& out, unsigned char c) {
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  case '\b':
    out += "\\b";
    return;
  case '\f':
    out += "\\f";
    return;
  default:
    break;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u00";
  out += digits[c >> 4U];
  out += digits[c & 0x0fU];
}

template <class Integer>
void append_integer(std::string& out, Integer value) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.append(buffer.data(), end.ptr);
}

/// Go writes the shortest digits that read back the same, with an exponent only below 1e-6 and from 1e21 on.
void append_double(std::string& out, double value) {
  std::array<char, 64> buffer;
  const double size = std::fabs(value);
  const bool with_exponent = size != 0 && (size < 1e-6 || size >= 1e21);
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 with_exponent ? std::chars_format::scientific : std::chars_format::fixed);
  std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  if (const auto zero = text.find("e-0"); zero != std::string_view::npos) { // 1e-07 is 1e-7 there
    out.append(text.substr(0, zero + 2)).append(text.substr(zero + 3));
    return;
  }
  out.append(text);
}

void append_object(std::string& out, const json& value) {
  out += '{';
  bool first = true;
  for (const auto& [key, member] : value.get_ref<const json::object_t&>()) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, key);
    out += ':';
    append_json_text(out, member);
  }
  out += '}';
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain_from = 0;
  for (;;) {
    const std::size_t end = find_control_or(text, plain_from, '"', '\\');
    out.append(text, plain_from, end - plain_from);
    if (end == text.size()) break;
    append_escape(out, static_cast<unsigned char>(text[end]));
    plain_from = end + 1;
  }
  out += '"';
}

void append_json_text(std::string& out, const json& value) {
  switch (value.type()) {
  case json::value_t::object:
    append_object(out, value);
    return;
  case json::value_t::array: {
    out += '[';
    bool first = true;
    for (const json& item : value.get_ref<const json::array_t&>()) {
      if (!first) out += ',';
      first = false;
      append_json_text(out, item);
    }
    out += ']';
    return;
  }
  case json::value_t::string:
    append_json_string(out, value.get_ref<const std::string&>());
    return;
  case json::value_t::boolean:
    out += value.get<bool>() ? "true" : "false";
    return;
  case json::value_t::number_integer:
    append_integer(out, value.get<std::int64_t>());
    return;
  case json::value_t::number_unsigned:
    append_integer(out, value.get<std::uint64_t>());
    return;
  case json::value_t::number_float:
    append_double(out, value.get<double>());
    return;
  default:
    out += "null";
    return;
  }
}

std::string json_text(const json& value) {
  std::string out;
  append_json_text(out, value);
  return out;
}

} // namespace actord::schema
