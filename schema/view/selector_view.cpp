#include "schema/view/selector_view.hpp"

#include "schema/view/read.hpp"

#include <algorithm>
#include <charconv>

namespace actord::schema {

namespace {

bool as_number(std::string_view text, std::int64_t& out) {
  const char* const end = text.data() + text.size();
  return !text.empty() && std::from_chars(text.data(), end, out).ptr == end;
}

selector_operator operator_of(std::string_view text) {
  if (text == "NotIn") return selector_operator::not_in;
  if (text == "Exists") return selector_operator::exists;
  if (text == "DoesNotExist") return selector_operator::does_not_exist;
  if (text == "Gt") return selector_operator::greater;
  if (text == "Lt") return selector_operator::less;
  return selector_operator::in;
}

} // namespace

bool selector_requirement::matches(const text_map& labels) const {
  const auto found = labels.find(key);
  const bool has = found != labels.end();
  const auto listed = [&] { return std::find(values.begin(), values.end(), found->second) != values.end(); };
  switch (op) {
  case selector_operator::in:
    return has && listed();
  case selector_operator::not_in:
    return !has || !listed();
  case selector_operator::exists:
    return has;
  case selector_operator::does_not_exist:
    return !has;
  case selector_operator::greater:
  case selector_operator::less: {
    std::int64_t left = 0, right = 0;
    if (!has || values.size() != 1 || !as_number(found->second, left) || !as_number(values[0], right))
      return false;
    return op == selector_operator::greater ? left > right : left < right;
  }
  }
  return false;
}

bool selector_view::matches(const text_map& labels) const {
  if (!present) return false;
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const auto& requirement) { return requirement.matches(labels); });
}

selector_view selector_of(const text_map& equalities) {
  selector_view out;
  out.present = !equalities.empty();
  for (const auto& [key, value] : equalities)
    out.requirements.push_back({key, selector_operator::in, {value}});
  return out;
}

selector_requirement parse_selector_requirement(read::value in) {
  return {in["key"].text(), operator_of(in["operator"].view()), in["values"].texts()};
}

selector_view parse_label_selector(read::value in) {
  selector_view out;
  out.present = static_cast<bool>(in);
  in["matchLabels"].each_member([&](std::string_view key, read::value value) {
    out.requirements.push_back({std::string(key), selector_operator::in, {value.text()}});
  });
  in["matchExpressions"].each(
      [&](read::value expression) { out.requirements.push_back(parse_selector_requirement(expression)); });
  return out;
}

} // namespace actord::schema
