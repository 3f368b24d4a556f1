#include "schema/codec/text_writer.hpp"

#include "schema/base/control_scan.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace actord::schema {
namespace {

constexpr std::size_t first_capacity = 4096;
constexpr std::size_t kept_capacity = std::size_t{256} << 10U;

/// Go writes the shortest digits that read back the same, with an exponent only below 1e-6 and from 1e21 on.
void put_double(text_writer& out, double value) {
  std::array<char, 64> buffer;
  const double size = std::fabs(value);
  const bool with_exponent = size != 0 && (size < 1e-6 || size >= 1e21);
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 with_exponent ? std::chars_format::scientific : std::chars_format::fixed);
  std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  if (const auto zero = text.find("e-0"); zero != std::string_view::npos) { // 1e-07 is 1e-7 there
    out.put(text.substr(0, zero + 2));
    text.remove_prefix(zero + 3);
  }
  out.put(text);
}

template <class Integer>
void put_integer(text_writer& out, Integer value) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.put({buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data())});
}

void put_escape(text_writer& out, unsigned char c) {
  switch (c) {
  case '"':
    return out.put("\\\"");
  case '\\':
    return out.put("\\\\");
  case '\n':
    return out.put("\\n");
  case '\r':
    return out.put("\\r");
  case '\t':
    return out.put("\\t");
  case '\b':
    return out.put("\\b");
  case '\f':
    return out.put("\\f");
  default:
    break;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  out.put("\\u00");
  out.put(digits[c >> 4U]);
  out.put(digits[c & 0x0fU]);
}

} // namespace

void text_writer::clear() {
  size_ = 0;
  if (capacity_ <= kept_capacity) return;
  buffer_.reset();
  capacity_ = 0;
}

void text_writer::make_room(std::size_t bytes) {
  const std::size_t capacity = std::max({first_capacity, capacity_ * 2, size_ + bytes});
  std::unique_ptr<char[]> larger(new char[capacity]); // not filled: all that is shown is written first
  if (size_ > 0) std::memcpy(larger.get(), buffer_.get(), size_);
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

void text_writer::put_string(std::string_view text) {
  const std::size_t plain = find_control_or(text, 0, '"', '\\');
  if (capacity_ - size_ < plain + 2) make_room(plain + 2);
  char* to = buffer_.get() + size_;
  *to++ = '"';
  if (plain > 0) std::memcpy(to, text.data(), plain);
  size_ += plain + 1;
  if (plain == text.size()) { // nothing needs an escape, as in nearly all
    to[plain] = '"';
    ++size_;
    return;
  }
  put_rest(text.substr(plain));
}

void text_writer::put_rest(std::string_view text) {
  while (!text.empty()) {
    put_escape(*this, static_cast<unsigned char>(text.front()));
    text.remove_prefix(1);
    const std::size_t plain = find_control_or(text, 0, '"', '\\');
    put(text.substr(0, plain));
    text.remove_prefix(plain);
  }
  put('"');
}

void text_writer::put_object(const json& value) {
  put('{');
  bool first = true;
  for (const auto& [key, member] : value.get_ref<const json::object_t&>()) {
    if (!first) put(',');
    first = false;
    put_name(key);
    put_value(member);
  }
  put('}');
}

void text_writer::put_value(const json& value) {
  switch (value.type()) {
  case json::value_t::object:
    return put_object(value);
  case json::value_t::array: {
    put('[');
    bool first = true;
    for (const json& item : value.get_ref<const json::array_t&>()) {
      if (!first) put(',');
      first = false;
      put_value(item);
    }
    return put(']');
  }
  case json::value_t::string:
    return put_string(value.get_ref<const std::string&>());
  case json::value_t::boolean:
    return put(value.get<bool>() ? std::string_view("true") : std::string_view("false"));
  case json::value_t::number_integer:
    return put_integer(*this, value.get<std::int64_t>());
  case json::value_t::number_unsigned:
    return put_integer(*this, value.get<std::uint64_t>());
  case json::value_t::number_float:
    return put_double(*this, value.get<double>());
  default:
    return put(std::string_view("null"));
  }
}

} // namespace actord::schema
