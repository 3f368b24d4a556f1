#include "schema/cel/value.hpp"

#include "schema/base/always.hpp"
#include "schema/base/json.hpp"
#include "schema/cel/times.hpp"
#include "schema/codec/base64.hpp"

#include <algorithm>
#include <cmath>

namespace actord::schema::cel {
namespace {

using list_ref = std::shared_ptr<const value_list>;
using map_ref = std::shared_ptr<const value_map>;
using opaque_ref = std::shared_ptr<const opaque_value>;
using lazy_ref = std::shared_ptr<const lazy_members>;

value text_from(const std::string& at, const type* seen_as) {
  switch (seen_as == nullptr ? type_kind::string : seen_as->kind) {
  case type_kind::timestamp:
    if (const auto when = parse_time_point(at.size() == 10 ? at + "T00:00:00Z" : at)) return *when;
    return value::error("invalid date or time: " + at);
  case type_kind::duration:
    if (const auto span = parse_time_span(at)) return *span;
    return value::error("invalid duration: " + at);
  case type_kind::bytes: {
    std::size_t wrong_at = 0;
    if (auto bytes = decode_base64(at, wrong_at)) return byte_text{text(std::move(*bytes))};
    return value::error("invalid base64: " + at);
  }
  default:
    return text::view(at);
  }
}

const type* item_type(const json_view& list) {
  return list.seen_as != nullptr && list.seen_as->kind == type_kind::list ? list.seen_as->parameters[0].get()
                                                                          : nullptr;
}

std::optional<value> member_of(const json_view& view, std::string_view name) {
  const type* inner = nullptr;
  type_ref kept;
  std::string json_name;
  if (view.seen_as != nullptr && view.seen_as->kind == type_kind::structure) {
    const auto declared = view.seen_as->members->find(name);
    if (!declared) return std::nullopt;
    inner = declared->type.get();
    json_name = declared->json_name;
    name = json_name;
  } else if (view.seen_as != nullptr && view.seen_as->kind == type_kind::map) {
    inner = view.seen_as->parameters[1].get();
  }
  const auto found = view.at->find(name);
  if (found == view.at->end()) return std::nullopt;
  return value::from_json(*found, inner);
}

enum class key_class : std::uint8_t { boolean, number, string, none };

key_class class_of(const value& key) {
  if (key.as<bool>() != nullptr) return key_class::boolean;
  if (key.string()) return key_class::string;
  if (key.as<std::int64_t>() != nullptr || key.as<std::uint64_t>() != nullptr || key.as<double>() != nullptr)
    return key_class::number;
  return key_class::none;
}

std::optional<std::partial_ordering> compare_numbers(const value& left, const value& right) {
  const auto with = [&](auto number) -> std::optional<std::partial_ordering> {
    const auto exact = [](auto one, auto other) -> std::partial_ordering {
      if constexpr (std::is_floating_point_v<decltype(one)> || std::is_floating_point_v<decltype(other)>)
        return static_cast<long double>(one) <=> static_cast<long double>(other);
      else
        return std::cmp_less(one, other)   ? std::partial_ordering::less
               : std::cmp_less(other, one) ? std::partial_ordering::greater
                                           : std::partial_ordering::equivalent;
    };
    if (const auto* other = right.as<std::int64_t>()) return exact(number, *other);
    if (const auto* other = right.as<std::uint64_t>()) return exact(number, *other);
    if (const auto* other = right.as<double>()) return exact(number, *other);
    return std::nullopt;
  };
  if (const auto* number = left.as<std::int64_t>()) return with(*number);
  if (const auto* number = left.as<std::uint64_t>()) return with(*number);
  if (const auto* number = left.as<double>()) return with(*number);
  return std::nullopt;
}

list_form form_of(const value& list) {
  const auto* view = list.as<json_view>();
  return view != nullptr && view->seen_as != nullptr ? view->seen_as->form : list_form::plain;
}

bool equal_lists(const value& left, const value& right) {
  const std::size_t count = *left.size();
  if (count != *right.size()) return false;
  if (form_of(left) == list_form::plain || form_of(right) == list_form::plain) {
    for (std::size_t i = 0; i < count; ++i)
      if (!equal(left.item(i), right.item(i))) return false;
    return true;
  }
  // Neither has an item twice.
  for (std::size_t i = 0; i < count; ++i) {
    const value wanted = left.item(i);
    bool there = false;
    for (std::size_t j = 0; j < count && !there; ++j) there = equal(wanted, right.item((i + j) % count));
    if (!there) return false;
  }
  return true;
}

bool equal_maps(const value& left, const value& right) {
  if (left.size() != right.size()) return false;
  return std::ranges::all_of(left.keys(), [&](const value& key) {
    const auto other = right.member(key);
    return other && equal(*left.member(key), *other);
  });
}

} // namespace

bool key_order::operator()(const value& left, const value& right) const {
  const key_class one = class_of(left);
  const key_class other = class_of(right);
  if (one != other) return one < other;
  switch (one) {
  case key_class::boolean:
    return !*left.as<bool>() && *right.as<bool>();
  case key_class::number:
    return compare_numbers(left, right) == std::partial_ordering::less;
  case key_class::string:
    return *left.string() < *right.string();
  case key_class::none:
    return false;
  }
  return false;
}

value value::from_json(const json& at, const type* seen_as) {
  const type_kind wanted = seen_as == nullptr ? type_kind::dynamic : seen_as->kind;
  switch (at.type()) {
  case json::value_t::boolean:
    return at.get<bool>();
  case json::value_t::number_unsigned:
  case json::value_t::number_integer:
    if (wanted == type_kind::floating) return at.get<double>();
    if (at.is_number_unsigned() && at.get<std::uint64_t>() > INT64_MAX) return at.get<double>();
    return at.get<std::int64_t>();
  case json::value_t::number_float: {
    const auto number = at.get<double>();
    if (wanted == type_kind::integer && std::trunc(number) == number && std::fabs(number) < 9.2e18)
      return static_cast<std::int64_t>(number);
    return number;
  }
  case json::value_t::string:
    return text_from(at.get_ref<const std::string&>(), seen_as);
  case json::value_t::array:
  case json::value_t::object:
    return json_view{&at, wanted == type_kind::dynamic ? nullptr : seen_as};
  default:
    return nullptr;
  }
}

const std::string& value::message() const {
  const auto* why = as<std::shared_ptr<const failure>>();
  ALWAYS(why != nullptr);
  return (*why)->message;
}

std::optional<std::string_view> value::string() const {
  const text* held = as<text>();
  return held == nullptr ? std::nullopt : std::optional(held->get());
}

bool value::is_list() const {
  const auto* view = as<json_view>();
  return as<list_ref>() != nullptr || (view != nullptr && view->at->is_array());
}

bool value::is_map() const {
  const auto* view = as<json_view>();
  return as<map_ref>() != nullptr || (view != nullptr && view->at->is_object());
}

std::optional<std::size_t> value::size() const {
  if (const auto* list = as<list_ref>()) return (*list)->size();
  if (const auto* map = as<map_ref>()) return (*map)->size();
  if (const auto* view = as<json_view>()) return view->at->size();
  return std::nullopt;
}

value value::item(std::size_t index) const {
  if (const auto* list = as<list_ref>()) return (**list)[index];
  const auto* view = as<json_view>();
  return from_json((*view->at)[index], item_type(*view));
}

std::optional<value> value::member(const value& key) const {
  if (const auto* map = as<map_ref>()) {
    const auto found = (*map)->find(key);
    return found == (*map)->end() ? std::nullopt : std::optional(found->second);
  }
  const auto name = key.string();
  if (const auto* lazy = as<lazy_ref>()) return name ? (*lazy)->member(*name) : std::nullopt;
  if (const auto* view = as<json_view>(); view != nullptr && view->at->is_object())
    return name ? member_of(*view, *name) : std::nullopt;
  return no_overload();
}

value_list value::keys() const {
  value_list all;
  if (const auto* map = as<map_ref>())
    for (const auto& [key, held] : **map) all.push_back(key);
  else if (const auto* view = as<json_view>(); view != nullptr && view->at->is_object())
    for (const auto& [name, held] : view->at->get_ref<const json::object_t&>())
      all.emplace_back(text::view(name));
  return all;
}

std::string value::type_text() const {
  if (const auto* view = as<json_view>()) return view->at->is_array() ? "list" : "map";
  if (const auto* other = as<opaque_ref>()) return std::string((*other)->type());
  constexpr const char* names[] = {"null_type",
                                   "bool",
                                   "int",
                                   "uint",
                                   "double",
                                   "string",
                                   "bytes",
                                   "google.protobuf.Timestamp",
                                   "google.protobuf.Duration",
                                   "type",
                                   "list",
                                   "map",
                                   "map",
                                   "optional_type",
                                   "opaque",
                                   "map",
                                   "error"};
  return names[held_.index()];
}

bool equal(const value& left, const value& right) {
  if (const auto order = compare_numbers(left, right)) return *order == std::partial_ordering::equivalent;
  if (left.is_list()) return right.is_list() && equal_lists(left, right);
  if (left.is_map()) return right.is_map() && equal_maps(left, right);
  if (const auto one = left.string()) return one == right.string();
  if (const auto* one = left.as<bool>()) return right.as<bool>() != nullptr && *one == *right.as<bool>();
  if (left.is_null()) return right.is_null();
  if (const auto* one = left.as<byte_text>())
    return right.as<byte_text>() != nullptr && one->bytes.get() == right.as<byte_text>()->bytes.get();
  if (const auto* one = left.as<time_point>())
    return right.as<time_point>() != nullptr && *one == *right.as<time_point>();
  if (const auto* one = left.as<time_span>())
    return right.as<time_span>() != nullptr && *one == *right.as<time_span>();
  if (const auto* one = left.as<type_name>())
    return right.as<type_name>() != nullptr && *one == *right.as<type_name>();
  if (const auto* one = left.as<optional_value>()) {
    const auto* other = right.as<optional_value>();
    if (other == nullptr || (one->held == nullptr) != (other->held == nullptr)) return false;
    return one->held == nullptr || equal(*one->held, *other->held);
  }
  if (const auto* one = left.as<opaque_ref>()) {
    const auto* other = right.as<opaque_ref>();
    return other != nullptr && (*one)->type() == (*other)->type() && (*one)->equals(**other);
  }
  return false;
}

std::optional<std::partial_ordering> compare(const value& left, const value& right) {
  if (const auto order = compare_numbers(left, right)) return order;
  if (const auto one = left.string(), other = right.string(); one && other) return *one <=> *other;
  if (const auto* one = left.as<bool>(); one != nullptr && right.as<bool>() != nullptr)
    return static_cast<int>(*one) <=> static_cast<int>(*right.as<bool>());
  if (const auto* one = left.as<time_point>(); one != nullptr && right.as<time_point>() != nullptr)
    return *one <=> *right.as<time_point>();
  if (const auto* one = left.as<time_span>(); one != nullptr && right.as<time_span>() != nullptr)
    return *one <=> *right.as<time_span>();
  if (const auto* one = left.as<byte_text>(); one != nullptr && right.as<byte_text>() != nullptr)
    return one->bytes.get() <=> right.as<byte_text>()->bytes.get();
  return std::nullopt;
}

std::uint64_t cost_of_all(const value& of, std::uint64_t limit) {
  constexpr std::uint64_t bytes_per_step = 10;
  std::uint64_t all = 1;
  if (const auto seen = of.string()) return std::min(limit, all + seen->size() / bytes_per_step);
  if (const auto* bytes = of.as<byte_text>())
    return std::min(limit, all + bytes->bytes.get().size() / bytes_per_step);
  const auto add = [&](const value& inner) { all += cost_of_all(inner, limit - all); };
  if (of.is_list())
    for (std::size_t i = 0; i < *of.size() && all < limit; ++i) add(of.item(i));
  else if (of.is_map())
    for (const value& key : of.keys()) {
      if (all >= limit) break;
      add(key);
      if (const auto inner = of.member(key); inner && all < limit) add(*inner);
    }
  return std::min(all, limit);
}

std::optional<json> to_json(const value& from) {
  if (from.is_null()) return json(nullptr);
  if (const auto* one = from.as<bool>()) return json(*one);
  if (const auto* one = from.as<std::int64_t>()) return json(*one);
  if (const auto* one = from.as<std::uint64_t>()) return json(*one);
  if (const auto* one = from.as<double>())
    return std::isfinite(*one) ? std::optional(json(*one)) : std::nullopt;
  if (const auto one = from.string()) return json(*one);
  if (const auto* one = from.as<byte_text>()) return json(encode_base64(one->bytes.get()));
  if (const auto* one = from.as<time_point>()) return json(text_of(*one));
  if (const auto* one = from.as<time_span>()) return json(text_of(*one));
  if (const auto* view = from.as<json_view>()) return *view->at;
  if (from.is_list()) {
    json list = json::array();
    for (std::size_t i = 0; i < *from.size(); ++i) {
      auto item = to_json(from.item(i));
      if (!item) return std::nullopt;
      list.push_back(std::move(*item));
    }
    return list;
  }
  if (!from.is_map()) return std::nullopt;
  json object = json::object();
  for (const value& key : from.keys()) {
    auto member = to_json(*from.member(key));
    if (!member || !key.string()) return std::nullopt;
    object[std::string(*key.string())] = std::move(*member);
  }
  return object;
}

} // namespace actord::schema::cel
