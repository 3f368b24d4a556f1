#include "schema/cel/library/libraries.hpp"
#include "schema/value/quantity.hpp"

#include <array>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;
using opaque_ref = std::shared_ptr<const opaque_value>;

class quantity_value : public opaque_value {
public:
  explicit quantity_value(quantity held) : held_(std::move(held)) {}
  [[nodiscard]] std::string_view type() const override { return "kubernetes.Quantity"; }
  [[nodiscard]] bool equals(const opaque_value& other) const override {
    return held_ == static_cast<const quantity_value&>(other).held_;
  }
  [[nodiscard]] const quantity& get() const { return held_; }

private:
  quantity held_;
};

const quantity* held(const value& from) {
  const auto* other = from.as<opaque_ref>();
  const auto* one = other == nullptr ? nullptr : dynamic_cast<const quantity_value*>(other->get());
  return one == nullptr ? nullptr : &one->get();
}
value made(quantity of) { return opaque_ref(std::make_shared<const quantity_value>(std::move(of))); }

value to_quantity(arguments all, spending&) {
  const auto seen = all[0].string();
  if (!seen) return value::no_overload();
  auto read = quantity::parse(*seen);
  return read ? made(std::move(*read)) : value::error(read.error().message);
}
value is_quantity(arguments all, spending&) {
  const auto seen = all[0].string();
  return seen ? value(quantity::parse(*seen).has_value()) : value::no_overload();
}

value sign(arguments all, spending&) {
  const quantity* one = held(all[0]);
  if (one == nullptr) return value::no_overload();
  return std::int64_t{one->is_zero() ? 0 : one->is_negative() ? -1 : 1};
}

/// Nothing when it is no whole number of 64 bits.
std::optional<std::int64_t> whole(const quantity& one) {
  const std::int64_t units = one.units();
  return quantity::of_units(units) == one ? std::optional(units) : std::nullopt;
}
value is_integer(arguments all, spending&) {
  const quantity* one = held(all[0]);
  return one == nullptr ? value::no_overload() : value(whole(*one).has_value());
}
value as_integer(arguments all, spending&) {
  const quantity* one = held(all[0]);
  if (one == nullptr) return value::no_overload();
  const auto units = whole(*one);
  return units ? value(*units) : value::error("cannot convert value to integer");
}
value as_float(arguments all, spending&) {
  const quantity* one = held(all[0]);
  if (one == nullptr) return value::no_overload();
  if (const auto units = whole(*one)) return static_cast<double>(*units);
  constexpr double thousand = 1000;
  return static_cast<double>(one->milli()) / thousand;
}

template <bool Minus>
value sum(arguments all, spending&) {
  const quantity* one = held(all[0]);
  const auto* number = all[1].as<std::int64_t>();
  const quantity* other = held(all[1]);
  if (one == nullptr || (other == nullptr && number == nullptr)) return value::no_overload();
  const quantity by = other != nullptr ? *other : quantity::of_units(*number);
  return made(Minus ? *one - by : *one + by);
}

template <int Order>
value ordered(arguments all, spending&) {
  const quantity* one = held(all[0]);
  const quantity* other = held(all[1]);
  if (one == nullptr || other == nullptr) return value::no_overload();
  return Order < 0 ? *one < *other : *one > *other;
}
value compared(arguments all, spending&) {
  const quantity* one = held(all[0]);
  const quantity* other = held(all[1]);
  if (one == nullptr || other == nullptr) return value::no_overload();
  return std::int64_t{*one == *other ? 0 : *one < *other ? -1 : 1};
}

constexpr std::array<function_row, 11> rows{
    {{"quantity", "(string)quantity", to_quantity},
     {"isQuantity", "(string)bool", is_quantity},
     {"sign", "quantity.()int", sign},
     {"isInteger", "quantity.()bool", is_integer},
     {"asInteger", "quantity.()int", as_integer},
     {"asApproximateFloat", "quantity.()double", as_float},
     {"add", "quantity.(quantity)quantity;quantity.(int)quantity", sum<false>},
     {"sub", "quantity.(quantity)quantity;quantity.(int)quantity", sum<true>},
     {"isLessThan", "quantity.(quantity)bool", ordered<-1>},
     {"isGreaterThan", "quantity.(quantity)bool", ordered<1>},
     {"compareTo", "quantity.(quantity)int", compared}}};

} // namespace

std::span<const function_row> quantity_functions() { return rows; }

} // namespace actord::schema::cel
