#include "schema/rules/checks/amounts.hpp"

#include "schema/base/json.hpp"
#include "schema/value/quantity.hpp"

namespace actord::schema::rules {

namespace {

quantity parse(const json& amount) {
  const auto read = [](std::string_view text) {
    auto parsed = quantity::parse(text);
    return parsed ? std::move(parsed).value() : quantity{};
  };
  if (amount.is_string()) return read(amount.get_ref<const std::string&>());
  return amount.is_number() ? read(amount.dump()) : quantity{};
}

} // namespace

int compare_amounts(const json& left, const json& right) {
  const auto order = parse(left) <=> parse(right);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

bool negative_amount(const json& amount) { return parse(amount).is_negative(); }
bool whole_amount(const json& amount) { return parse(amount).milli() % 1000 == 0; }
std::int64_t amount_value(const json& amount) { return parse(amount).units(); }
std::int64_t amount_milli(const json& amount) { return parse(amount).milli(); }
json add_amounts(const json& left, const json& right) { return (parse(left) + parse(right)).text(); }

json round_amount(const json& amount) {
  const quantity exact = parse(amount);
  const quantity rounded = exact.rounded_to_milli();
  return exact == rounded ? amount : json(rounded.text());
}

} // namespace actord::schema::rules
