#include "schema/cel/library/libraries.hpp"
#include "schema/custom/text_formats.hpp"
#include "schema/rules/checks/formats.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;
using opaque_ref = std::shared_ptr<const opaque_value>;
using complaints = std::vector<std::string>;

template <rules::format_check Check>
complaints prefix(std::string_view seen) {
  return Check(rules::mask_trailing_dash(seen));
}

template <class Name>
complaints of_schema(std::string_view seen, Name name, const char* complaint) {
  return custom::has_format(name, seen) ? complaints() : complaints{complaint};
}

struct named_format {
  std::string_view name;
  rules::format_check check;
};

constexpr std::array<named_format, 13> formats{
    {{"dns1123Label", rules::dns_label},
     {"dns1123Subdomain", rules::dns_subdomain},
     {"dns1035Label", rules::dns_1035_label},
     {"qualifiedName", rules::label_key},
     {"dns1123LabelPrefix", prefix<rules::dns_label>},
     {"dns1123SubdomainPrefix", prefix<rules::dns_subdomain>},
     {"dns1035LabelPrefix", prefix<rules::dns_1035_label>},
     {"labelValue", rules::label_value},
     {"uri", [](std::string_view seen) { return of_schema(seen, "uri", "invalid URI"); }},
     {"uuid",
      [](std::string_view seen) { return of_schema(seen, "uuid", "does not match the UUID format"); }},
     {"byte", [](std::string_view seen) { return of_schema(seen, "byte", "invalid base64"); }},
     {"date", [](std::string_view seen) { return of_schema(seen, "date", "invalid date"); }},
     {"datetime", [](std::string_view seen) { return of_schema(seen, "date-time", "invalid datetime"); }}}};

class format_value : public opaque_value {
public:
  explicit format_value(const named_format& held) : held_(held) {}
  [[nodiscard]] std::string_view type() const override { return "kubernetes.NamedFormat"; }
  [[nodiscard]] bool equals(const opaque_value& other) const override {
    return held_.name == static_cast<const format_value&>(other).held_.name;
  }
  [[nodiscard]] const named_format& get() const { return held_; }

private:
  const named_format& held_;
};

template <std::size_t Index>
value constant(arguments, spending&) {
  return opaque_ref(std::make_shared<const format_value>(formats.at(Index)));
}

value named(arguments all, spending&) {
  const auto name = all[0].string();
  if (!name) return value::no_overload();
  const auto* found = std::ranges::find(formats, *name, &named_format::name);
  if (found == formats.end()) return value::none();
  return value::some(opaque_ref(std::make_shared<const format_value>(*found)));
}

value validate(arguments all, spending& cost) {
  const auto* other = all[0].as<opaque_ref>();
  const auto* format = other == nullptr ? nullptr : dynamic_cast<const format_value*>(other->get());
  const auto seen = all[1].string();
  if (format == nullptr || !seen) return value::no_overload();
  if (!cost.spend(cost_of_text(seen->size()))) return {};
  const complaints wrong = format->get().check(*seen);
  if (wrong.empty()) return value::none();
  value_list list;
  for (const std::string& one : wrong) list.push_back(value::of(one));
  return value::some(value::of(std::move(list)));
}

constexpr std::array<function_row, 15> rows{{{"format.named", "(string)optional(format)", named},
                                             {"validate", "format.(string)optional(list(string))", validate},
                                             {"format.dns1123Label", "()format", constant<0>},
                                             {"format.dns1123Subdomain", "()format", constant<1>},
                                             {"format.dns1035Label", "()format", constant<2>},
                                             {"format.qualifiedName", "()format", constant<3>},
                                             {"format.dns1123LabelPrefix", "()format", constant<4>},
                                             {"format.dns1123SubdomainPrefix", "()format", constant<5>},
                                             {"format.dns1035LabelPrefix", "()format", constant<6>},
                                             {"format.labelValue", "()format", constant<7>},
                                             {"format.uri", "()format", constant<8>},
                                             {"format.uuid", "()format", constant<9>},
                                             {"format.byte", "()format", constant<10>},
                                             {"format.date", "()format", constant<11>},
                                             {"format.datetime", "()format", constant<12>}}};

} // namespace

std::span<const function_row> format_functions() { return rows; }

} // namespace actord::schema::cel
