#pragma once

#include "schema/base/json.hpp"
#include "schema/codec/json_reader.hpp"
#include "schema/codec/json_text.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The two kinds of trees a decoder reads, under one set of names: what the JSON parser found, and what was
/// built here. Only for sources of schema/codec.

namespace actord::schema {

enum class json_kind : std::uint8_t { null, boolean, number, string, array, object };

/// An integer, when the number is one (3.0 is not: its text has a point).
struct parsed_text {
  using value = simdjson::dom::element;

  static json_kind kind(const value& in) {
    using simdjson::dom::element_type;
    switch (in.type()) {
    case element_type::OBJECT:
      return json_kind::object;
    case element_type::ARRAY:
      return json_kind::array;
    case element_type::STRING:
      return json_kind::string;
    case element_type::BOOL:
      return json_kind::boolean;
    case element_type::NULL_VALUE:
      return json_kind::null;
    default:
      return json_kind::number;
    }
  }
  static std::string_view text(const value& in) { return {in}; }
  static bool boolean(const value& in) { return bool(in); }
  static std::optional<std::int64_t> integer(const value& in) {
    std::int64_t number = 0;
    return in.get(number) == simdjson::SUCCESS ? std::optional(number) : std::nullopt;
  }
  static double number(const value& in) { return double(in); }
  static std::string number_text(const value& in) { return json_text(copy_tree(in)); }
  static json copy(const value& in) { return copy_tree(in); }
  template <class Visit>
  static void members(const value& in, Visit visit) {
    for (const auto member : simdjson::dom::object(in)) visit(member.key, member.value);
  }
  template <class Visit>
  static void items(const value& in, Visit visit) {
    for (const value item : simdjson::dom::array(in)) visit(item);
  }
  static std::size_t size(const value& in) { return simdjson::dom::array(in).size(); }
};

struct built_tree {
  using value = json;

  static json_kind kind(const value& in) {
    switch (in.type()) {
    case json::value_t::object:
      return json_kind::object;
    case json::value_t::array:
      return json_kind::array;
    case json::value_t::string:
      return json_kind::string;
    case json::value_t::boolean:
      return json_kind::boolean;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
    case json::value_t::number_float:
      return json_kind::number;
    default:
      return json_kind::null;
    }
  }
  static std::string_view text(const value& in) { return in.get_ref<const std::string&>(); }
  static bool boolean(const value& in) { return in.get<bool>(); }
  static std::optional<std::int64_t> integer(const value& in) {
    if (in.is_number_float()) {
      const double number = in.get<double>();
      if (std::floor(number) != number || std::fabs(number) > 9007199254740992.0) return std::nullopt;
      return static_cast<std::int64_t>(number);
    }
    if (in.is_number_unsigned() && in.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
    return in.get<std::int64_t>();
  }
  static double number(const value& in) { return in.get<double>(); }
  static std::string number_text(const value& in) { return json_text(in); }
  static json copy(const value& in) { return in; }
  template <class Visit>
  static void members(const value& in, Visit visit) {
    for (const auto& [key, member] : in.get_ref<const json::object_t&>())
      visit(std::string_view(key), member);
  }
  template <class Visit>
  static void items(const value& in, Visit visit) {
    for (const json& item : in.get_ref<const json::array_t&>()) visit(item);
  }
  static std::size_t size(const value& in) { return in.size(); }
};

} // namespace actord::schema
