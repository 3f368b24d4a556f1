#include "schema/cel/library/number_text.hpp"

#include "schema/cel/library/addresses.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace actord::schema::cel {

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  constexpr std::size_t longest = 32;
  std::array<char, longest> shown{};
  const auto scientific =
      std::to_chars(shown.data(), shown.data() + longest, number, std::chars_format::scientific);
  const std::string_view all(shown.data(), static_cast<std::size_t>(scientific.ptr - shown.data()));
  const std::size_t mark = all.find('e');
  int exponent = 0;
  const char* digits = all.data() + mark + (all[mark + 1] == '+' ? 2 : 1);
  std::from_chars(digits, all.data() + all.size(), exponent);
  if (exponent < -4 || exponent >= 21) return std::string(all);
  std::array<char, 64> plain{};
  const auto fixed =
      std::to_chars(plain.data(), plain.data() + plain.size(), number, std::chars_format::fixed);
  return {plain.data(), fixed.ptr};
}

std::optional<std::string> opaque_text(const opaque_value& of) {
  if (const auto* address = dynamic_cast<const address_value*>(&of)) return address->shown();
  if (const auto* range = dynamic_cast<const range_value*>(&of)) return range->shown();
  return std::nullopt;
}

} // namespace actord::schema::cel
