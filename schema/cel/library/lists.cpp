#include "schema/cel/library/libraries.hpp"

#include <array>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;

value is_sorted(arguments all, spending& cost) {
  if (!all[0].is_list()) return value::no_overload();
  const std::size_t count = *all[0].size();
  for (std::size_t i = 1; i < count; ++i) {
    if (!spend_on_all(all[0].item(i), cost)) return {};
    const auto order = compare(all[0].item(i - 1), all[0].item(i));
    if (!order) return value::no_overload();
    if (*order == std::partial_ordering::greater) return false;
  }
  return true;
}

value sum(arguments all, spending& cost) {
  if (!all[0].is_list()) return value::no_overload();
  static const function* plus = find_function("_+_");
  const std::size_t count = *all[0].size();
  if (count == 0) return std::int64_t{0};
  value total = all[0].item(0);
  if (total.is_list() || total.string()) return value::no_overload();
  for (std::size_t i = 1; i < count && !total.failed(); ++i) {
    if (!cost.spend(1)) return {};
    const std::array<value, 2> both{total, all[0].item(i)};
    total = plus->run(both, cost);
  }
  return total;
}

template <bool Largest>
value extreme(arguments all, spending& cost) {
  if (!all[0].is_list()) return value::no_overload();
  const std::size_t count = *all[0].size();
  if (count == 0) return value::error(Largest ? "max called on empty list" : "min called on empty list");
  value found = all[0].item(0);
  for (std::size_t i = 1; i < count; ++i) {
    value item = all[0].item(i);
    if (!spend_on_all(item, cost)) return {};
    const auto order = compare(item, found);
    if (!order) return value::no_overload();
    if (*order == (Largest ? std::partial_ordering::greater : std::partial_ordering::less))
      found = std::move(item);
  }
  return found;
}

constexpr std::string_view of_comparable =
    "list(int).()int;list(uint).()uint;list(double).()double;list(bool).()bool;list(string).()string;"
    "list(bytes).()bytes;list(timestamp).()timestamp;list(duration).()duration";

constexpr std::array<function_row, 4> rows{
    {{"isSorted",
      "list(int).()bool;list(uint).()bool;list(double).()bool;list(bool).()bool;list(string).()bool;"
      "list(bytes).()bool;list(timestamp).()bool;list(duration).()bool",
      is_sorted},
     {"sum", "list(int).()int;list(uint).()uint;list(double).()double;list(duration).()duration", sum},
     {"min", of_comparable, extreme<false>},
     {"max", of_comparable, extreme<true>}}};

bool holds(const value& list, const value& wanted) {
  for (std::size_t i = 0; i < *list.size(); ++i)
    if (equal(list.item(i), wanted)) return true;
  return false;
}

/// Each item of one is held against each of the other.
bool spend_on_sets(arguments all, spending& cost) {
  const std::uint64_t left = cost_of_all(all[0], cost.left() + 1);
  const std::uint64_t right = cost_of_all(all[1], cost.left() + 1);
  return cost.spend(left > cost.left() / right ? cost.left() + 1 : left * right);
}

bool covers(const value& all, const value& part) {
  for (std::size_t i = 0; i < *part.size(); ++i)
    if (!holds(all, part.item(i))) return false;
  return true;
}

value contains(arguments all, spending& cost) {
  if (!all[0].is_list() || !all[1].is_list()) return value::no_overload();
  return spend_on_sets(all, cost) ? value(covers(all[0], all[1])) : value();
}

value equivalent(arguments all, spending& cost) {
  if (!all[0].is_list() || !all[1].is_list()) return value::no_overload();
  return spend_on_sets(all, cost) ? value(covers(all[0], all[1]) && covers(all[1], all[0])) : value();
}

value intersects(arguments all, spending& cost) {
  if (!all[0].is_list() || !all[1].is_list()) return value::no_overload();
  if (!spend_on_sets(all, cost)) return {};
  for (std::size_t i = 0; i < *all[1].size(); ++i)
    if (holds(all[0], all[1].item(i))) return true;
  return false;
}

constexpr std::array<function_row, 3> set_rows{{{"sets.contains", "(list(A),list(A))bool", contains},
                                                {"sets.equivalent", "(list(A),list(A))bool", equivalent},
                                                {"sets.intersects", "(list(A),list(A))bool", intersects}}};

// Values that may not be there

value some(arguments all, spending&) { return value::some(all[0]); }
value none(arguments, spending&) { return value::none(); }

bool is_zero(const value& one) {
  if (one.is_null()) return true;
  if (const auto seen = one.string()) return seen->empty();
  if (const auto* yes = one.as<bool>()) return !*yes;
  if (const auto* bytes = one.as<byte_text>()) return bytes->bytes.get().empty();
  if (const auto* span = one.as<time_span>()) return span->nanoseconds == 0;
  if (const auto count = one.size()) return *count == 0;
  return compare(one, std::int64_t{0}) == std::partial_ordering::equivalent;
}
value unless_zero(arguments all, spending&) { return is_zero(all[0]) ? value::none() : value::some(all[0]); }

value has_value(arguments all, spending&) {
  const auto* held = all[0].as<optional_value>();
  return held == nullptr ? value::no_overload() : value(held->held != nullptr);
}
value value_of(arguments all, spending&) {
  const auto* held = all[0].as<optional_value>();
  if (held == nullptr) return value::no_overload();
  return held->held == nullptr ? value::error("optional.none() dereference") : *held->held;
}
/// The evaluator does these itself.
value not_here(arguments, spending&) { return value::no_overload(); }

constexpr std::array<function_row, 7> optional_rows{
    {{"optional.of", "(A)optional(A)", some},
     {"optional.none", "()optional(A)", none},
     {"optional.ofNonZeroValue", "(A)optional(A)", unless_zero},
     {"hasValue", "optional(A).()bool", has_value},
     {"value", "optional(A).()A", value_of},
     {"or", "optional(A).(optional(A))optional(A)", not_here},
     {"orValue", "optional(A).(A)A", not_here}}};

} // namespace

std::span<const function_row> list_functions() { return rows; }
std::span<const function_row> set_functions() { return set_rows; }
std::span<const function_row> optional_functions() { return optional_rows; }

} // namespace actord::schema::cel
