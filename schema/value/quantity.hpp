#pragma once

#include "schema/base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace actord::schema {

/// An amount of a resource: "100m" of a CPU, "1Gi" of memory, "1e3" of anything. Exact down to 10^-9, up to
/// about 10^29; finer amounts are rounded away from zero to 10^-9 as Kubernetes does.
class quantity {
public:
  enum class form : std::uint8_t { decimal, binary, exponent };

  quantity() = default;
  static quantity of_units(std::int64_t units, form written = form::decimal);
  static quantity of_milli(std::int64_t thousandths);

  /// The error's message is Kubernetes' own ("quantities must match the regular expression ...").
  static result<quantity> parse(std::string_view text);

  /// Canonical text, except that text that was canonical but for trifles is kept as it was written ("+5",
  /// "1.500"), which is what an API server answers.
  [[nodiscard]] std::string text() const;

  [[nodiscard]] bool is_zero() const { return nano_ == 0; }
  [[nodiscard]] bool is_negative() const { return nano_ < 0; }
  /// Rounded away from zero; amounts beyond 64 bits become the largest or smallest.
  [[nodiscard]] std::int64_t units() const { return scaled(1'000'000'000); }
  [[nodiscard]] std::int64_t milli() const { return scaled(1'000'000); }
  /// The same amount in whole thousandths, rounded away from zero: the precision of resource lists.
  [[nodiscard]] quantity rounded_to_milli() const;

  /// Compares amounts; the way they are written does not matter.
  std::strong_ordering operator<=>(const quantity& other) const { return compare(nano_, other.nano_); }
  bool operator==(const quantity& other) const { return nano_ == other.nano_; }
  /// A zero takes on the form of what is added to it.
  quantity& operator+=(const quantity& other);
  quantity& operator-=(const quantity& other);
  friend quantity operator+(quantity left, const quantity& right) { return left += right; }
  friend quantity operator-(quantity left, const quantity& right) { return left -= right; }

private:
  __extension__ using wide = __int128;

  static std::strong_ordering compare(wide left, wide right) {
    if (left == right) return std::strong_ordering::equal;
    return left < right ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  [[nodiscard]] std::int64_t scaled(std::int64_t nano_per_unit) const;
  [[nodiscard]] std::string decimal_text() const;
  [[nodiscard]] std::string binary_text() const;

  wide nano_ = 0; ///< the amount in units of 10^-9
  form form_ = form::decimal;
  std::string kept_; ///< the text as written, where it stays as it is
};

} // namespace actord::schema
