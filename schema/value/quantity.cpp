#include "schema/value/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace actord::schema {
namespace {

__extension__ using wide = __int128;

constexpr wide wide_max = ~(static_cast<wide>(1) << 127);
constexpr int nano_digits = 9;

error bad(std::string_view message) {
  return {.kind = error_kind::bad_request, .message = std::string(message)};
}

constexpr std::string_view wrong_format =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
constexpr std::string_view wrong_suffix = "unable to parse quantity's suffix";
constexpr std::string_view wrong_number = "unable to parse numeric part of quantity";

struct suffix_row {
  std::string_view text;
  int exponent;
};
constexpr std::array<suffix_row, 10> decimal_suffixes{{{"n", -9},
                                                       {"u", -6},
                                                       {"m", -3},
                                                       {"", 0},
                                                       {"k", 3},
                                                       {"M", 6},
                                                       {"G", 9},
                                                       {"T", 12},
                                                       {"P", 15},
                                                       {"E", 18}}};
constexpr std::array<suffix_row, 6> binary_suffixes{
    {{"Ki", 10}, {"Mi", 20}, {"Gi", 30}, {"Ti", 40}, {"Pi", 50}, {"Ei", 60}}};

struct scale_of_suffix {
  int exponent = 0;
  quantity::form written = quantity::form::decimal;
};

std::optional<scale_of_suffix> read_suffix(std::string_view text) {
  for (const suffix_row& row : decimal_suffixes)
    if (row.text == text) return scale_of_suffix{row.exponent, quantity::form::decimal};
  for (const suffix_row& row : binary_suffixes)
    if (row.text == text) return scale_of_suffix{row.exponent, quantity::form::binary};
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(text[1] == '+' ? 2 : 1);
  int exponent = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return scale_of_suffix{exponent, quantity::form::exponent};
}

struct number_parts {
  bool negative = false;
  std::string_view whole;    ///< without leading zeros, "0" for none
  std::string_view fraction; ///< digits after the point
  std::string_view suffix;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

std::optional<number_parts> split(std::string_view text) {
  number_parts parts;
  if (text.front() == '+' || text.front() == '-') {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  while (!text.empty() && text.front() == '0') text.remove_prefix(1);
  parts.whole = take_digits(text);
  if (parts.whole.empty()) parts.whole = "0";
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
  }
  parts.suffix = text;
  while (!text.empty() && std::string_view("eEinumkKMGTP").find(text.front()) != std::string_view::npos)
    text.remove_prefix(1);
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  take_digits(text);
  if (!text.empty()) return std::nullopt;
  return parts;
}

/// value * factor, or nothing when it does not fit.
std::optional<wide> times(wide value, wide factor) {
  wide product = 0;
  if (__builtin_mul_overflow(value, factor, &product)) return std::nullopt;
  return product;
}

std::optional<wide> times_power_of_ten(wide value, int exponent) {
  std::optional<wide> scaled = value;
  for (; exponent > 0 && scaled && value != 0; --exponent) scaled = times(*scaled, 10);
  return scaled;
}

std::optional<wide> read_digits(std::string_view digits) {
  wide value = 0;
  for (const char digit : digits) {
    const auto shifted = times(value, 10);
    if (!shifted || *shifted > wide_max - 9) return std::nullopt;
    value = *shifted + (digit - '0');
  }
  return value;
}

/// Divides by 10^digits, away from zero: who asks for a little shall get a little. `value` is not negative.
wide divide_up(wide value, int digits) {
  bool inexact = false;
  for (; digits > 0 && value != 0; --digits) {
    inexact = inexact || value % 10 != 0;
    value /= 10;
  }
  return value + (inexact ? 1 : 0);
}

std::string digits_of(wide value) {
  if (value == 0) return "0";
  std::string text;
  const bool negative = value < 0;
  while (value != 0) {
    const int digit = static_cast<int>(value % 10);
    text += static_cast<char>('0' + (negative ? -digit : digit));
    value /= 10;
  }
  if (negative) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

/// Whether the server keeps the text as it was written: the fast path of its parser, which takes all but long
/// numbers, remembers a text that looks canonical to it.
bool is_kept(const number_parts& parts, const scale_of_suffix& scale) {
  const int digits = static_cast<int>(parts.whole.size() + parts.fraction.size());
  if (scale.written == quantity::form::binary) {
    const int precision = 15 - static_cast<int>(parts.whole.size()) - (scale.exponent * 3 / 10) - 1;
    if (!parts.fraction.empty() || precision < 0) return false;
    const auto value = read_digits(parts.whole);
    return value && (*value & 0x07) != 0;
  }
  const int exponent = scale.exponent - static_cast<int>(parts.fraction.size());
  if (digits > 18 || exponent < -nano_digits || exponent % 3 != 0) return false;
  const std::string shifted = std::string(parts.whole).append(parts.fraction);
  return !shifted.ends_with("000") && shifted.front() != '0';
}

} // namespace

quantity quantity::of_units(std::int64_t units, form written) {
  quantity amount;
  amount.nano_ = static_cast<wide>(units) * 1'000'000'000;
  amount.form_ = written;
  return amount;
}

quantity quantity::of_milli(std::int64_t thousandths) {
  quantity amount;
  amount.nano_ = static_cast<wide>(thousandths) * 1'000'000;
  return amount;
}

result<quantity> quantity::parse(std::string_view text) {
  if (text.empty()) return bad(wrong_format);
  const auto parts = split(text);
  if (!parts) return bad(wrong_format);
  const auto scale = read_suffix(parts->suffix);
  if (!scale) return bad(wrong_suffix);

  // The number is all its digits times 10^exponent, and times a power of two for binary suffixes.
  auto value = read_digits(std::string(parts->whole).append(parts->fraction));
  int exponent = nano_digits - static_cast<int>(parts->fraction.size());
  if (scale->written == form::binary) {
    if (value) value = times(*value, static_cast<wide>(1) << scale->exponent);
  } else {
    exponent += std::clamp(scale->exponent, -1000, 1000);
  }
  if (value && exponent > 0) value = times_power_of_ten(*value, exponent);
  if (value && exponent < 0) value = divide_up(*value, -exponent);

  quantity amount;
  amount.form_ = scale->written;
  const wide binary_max = static_cast<wide>(std::numeric_limits<std::int64_t>::max()) * 1'000'000'000;
  if (scale->written == form::binary && (!value || *value > binary_max)) value = binary_max;
  if (!value) return bad(wrong_number);
  if (scale->written == form::binary && *value < 1'000'000'000) amount.form_ = form::decimal;
  amount.nano_ = parts->negative ? -*value : *value;
  if (amount.nano_ != 0 && is_kept(*parts, *scale)) amount.kept_ = text;
  return amount;
}

std::string quantity::text() const {
  if (!kept_.empty()) return kept_;
  if (nano_ == 0) return "0";
  constexpr wide unit = 1'000'000'000;
  const bool large = nano_ <= -1024 * unit || nano_ >= 1024 * unit;
  if (form_ == form::binary && large && nano_ % unit == 0) return binary_text();
  return decimal_text();
}

/// Digits with an exponent that is a multiple of three: the largest that leaves no fraction.
std::string quantity::decimal_text() const {
  wide value = nano_;
  int exponent = -nano_digits;
  while (value % 10 == 0) {
    value /= 10;
    ++exponent;
  }
  for (; exponent % 3 != 0; --exponent) value *= 10;
  std::string text = digits_of(value);
  if (form_ == form::exponent) return exponent == 0 ? text : text + "e" + std::to_string(exponent);
  for (const suffix_row& row : decimal_suffixes)
    if (row.exponent == exponent) return text.append(row.text);
  return text.append("e").append(std::to_string(exponent));
}

std::string quantity::binary_text() const {
  wide value = nano_ / 1'000'000'000;
  std::size_t power = 0;
  while (value % 1024 == 0 && power < binary_suffixes.size()) {
    value /= 1024;
    ++power;
  }
  std::string text = digits_of(value);
  if (power > 0) text += binary_suffixes[power - 1].text;
  return text;
}

std::int64_t quantity::scaled(std::int64_t nano_per_unit) const {
  wide value = nano_ / nano_per_unit;
  if (nano_ % nano_per_unit != 0) value += nano_ < 0 ? -1 : 1;
  const wide least = std::numeric_limits<std::int64_t>::min();
  const wide most = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp(value, least, most));
}

quantity quantity::rounded_to_milli() const {
  constexpr wide thousandth = 1'000'000;
  if (nano_ % thousandth == 0) return *this;
  quantity amount = *this;
  amount.kept_.clear();
  amount.nano_ = (nano_ / thousandth + (nano_ < 0 ? -1 : 1)) * thousandth;
  return amount;
}

quantity& quantity::operator+=(const quantity& other) {
  if (nano_ == 0) form_ = other.form_;
  kept_.clear();
  nano_ += other.nano_;
  return *this;
}

quantity& quantity::operator-=(const quantity& other) {
  if (nano_ == 0) form_ = other.form_;
  kept_.clear();
  nano_ -= other.nano_;
  return *this;
}

} // namespace actord::schema
