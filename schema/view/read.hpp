#pragma once

#include "schema/base/clock.hpp"

#include <simdjson.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the parsers of the views share: tolerant reading of canonical JSON text. Only their .cpp files
/// include this.

namespace actord::schema::read {

/// One JSON value, or nothing. A missing member, a value of another type and nothing at all read the same: as
/// the fallback. So a view never fails to parse; it is validation that keeps malformed objects out of the
/// store.
class value {
public:
  value() = default;
  explicit value(simdjson::dom::element element) : element_(element), present_(!element.is_null()) {}

  explicit operator bool() const { return present_; }
  [[nodiscard]] value operator[](std::string_view member) const;

  [[nodiscard]] std::string_view view() const;
  [[nodiscard]] std::string text() const { return std::string(view()); }
  [[nodiscard]] std::string text_or(std::string_view fallback) const;
  [[nodiscard]] std::int64_t number(std::int64_t fallback = 0) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_number() const;
  [[nodiscard]] bool flag(bool fallback = false) const;
  [[nodiscard]] std::optional<bool> maybe_flag() const;
  [[nodiscard]] bool is_number() const;
  /// RFC 3339, with or without a fraction.
  [[nodiscard]] std::optional<wall_time> time() const;
  [[nodiscard]] std::vector<std::string> texts() const;
  [[nodiscard]] std::map<std::string, std::string, std::less<>> text_map() const;
  /// The value as compact JSON in its stored key order; empty when absent.
  [[nodiscard]] std::string raw() const;

  /// `visit(value)` for each item of an array.
  template <class Visit>
  void each(Visit visit) const {
    simdjson::dom::array items;
    if (!present_ || element_.get(items) != simdjson::SUCCESS) return;
    for (const auto item : items) visit(value(item));
  }
  /// `visit(std::string_view key, value)` for each member of an object.
  template <class Visit>
  void each_member(Visit visit) const {
    simdjson::dom::object members;
    if (!present_ || element_.get(members) != simdjson::SUCCESS) return;
    for (const auto member : members) visit(member.key, value(member.value));
  }
  /// One struct per item of an array.
  template <class Item>
  [[nodiscard]] std::vector<Item> list(Item (*parse_item)(value)) const {
    std::vector<Item> out;
    each([&](value item) { out.push_back(parse_item(item)); });
    return out;
  }
  template <class Item>
  [[nodiscard]] std::optional<Item> maybe(Item (*parse_item)(value)) const {
    if (!present_) return std::nullopt;
    return parse_item(*this);
  }

private:
  simdjson::dom::element element_;
  bool present_ = false;
};

/// The text as a tree that lives until this thread's next call of `document`: parse a view to its end, then
/// the next. Text that is not JSON reads as an absent value.
value document(std::string_view text);

/// "100m" is 100, "2" is 2000; fractions of a thousandth round up. Nothing for text that is no quantity.
std::optional<std::int64_t> milli_quantity(const value& text);
/// "1Ki" is 1024; fractions round up. Nothing for text that is no quantity.
std::optional<std::int64_t> whole_quantity(const value& text);

std::optional<std::string> base64_decoded(std::string_view text);

} // namespace actord::schema::read
