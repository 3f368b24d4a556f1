#include "schema/codec/scalar_forms.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/codec/base64.hpp"
#include "schema/tables/type_table.hpp"
#include "schema/value/api_time.hpp"
#include "schema/value/quantity.hpp"

namespace actord::schema {
namespace scalar_forms {

result<std::string> quantity(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\n'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n'))
    text.remove_suffix(1);
  const auto amount = schema::quantity::parse(text);
  if (!amount) return amount.error();
  return amount->text();
}

result<std::string> bytes(std::string_view text) {
  std::size_t wrong_at = 0;
  const auto raw = decode_base64(text, wrong_at);
  if (raw) return encode_base64(*raw);
  return error{.kind = error_kind::bad_request,
               .message = "illegal base64 data at input byte " + std::to_string(wrong_at)};
}

result<std::string> time(std::string_view text) {
  const auto when = read_time(text);
  if (!when) return when.error();
  return format_time(*when);
}

result<std::string> micro_time(std::string_view text) {
  const auto when = read_micro_time(text);
  if (!when) return when.error();
  return format_micro_time(*when);
}

} // namespace scalar_forms

bool is_zero(const value_type& type, const json& value) {
  switch (type.kind) {
  case value_kind::structure:
  case value_kind::time:
  case value_kind::micro_time:
  case value_kind::quantity:
  case value_kind::int_or_string:
    return value.is_null();
  default:
    break;
  }
  switch (value.type()) {
  case json::value_t::object:
  case json::value_t::array:
    return type.kind != value_kind::any && type.kind != value_kind::any_object && value.empty();
  case json::value_t::string:
    return value.get_ref<const std::string&>().empty();
  case json::value_t::boolean:
    return !value.get<bool>();
  case json::value_t::number_integer:
    return value.get<std::int64_t>() == 0;
  case json::value_t::number_unsigned:
    return value.get<std::uint64_t>() == 0;
  case json::value_t::number_float:
    return value.get<double>() == 0;
  default:
    return true;
  }
}

json zero_of(const value_type& type) {
  switch (type.kind) {
  case value_kind::string:
  case value_kind::bytes:
    return "";
  case value_kind::boolean:
    return false;
  case value_kind::int32:
  case value_kind::int64:
  case value_kind::number:
  case value_kind::int_or_string:
    return 0;
  case value_kind::quantity:
    return "0";
  case value_kind::structure: {
    json zero = json::object();
    add_missing(*type.structure, zero.get_ref<json::object_t&>());
    return zero;
  }
  default:
    return nullptr;
  }
}

void add_missing(const object_type& type, std::map<std::string, json, std::less<>>& members) {
  for (const field_type& field : type.fields) {
    if (field.shown == presence::always)
      if (const auto at = members.lower_bound(field.name); at == members.end() || at->first != field.name)
        members.emplace_hint(at, field.name, zero_of(field.value));
    if (field.shown == presence::always_null) members.try_emplace(std::string(field.name), nullptr);
  }
}

} // namespace actord::schema
