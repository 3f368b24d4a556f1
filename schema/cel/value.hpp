#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/cel/type.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What an expression works with while it runs.

namespace actord::schema::cel {

class value;

/// Text, either its own or a view of the JSON that is looked at, which outlives the evaluation.
class text {
public:
  explicit text(std::string own)
      : owner_(std::make_shared<const std::string>(std::move(own))), seen_(*owner_) {}
  static text view(std::string_view of) { return text(of, 0); }
  /// A part of this text, without copying.
  [[nodiscard]] text part(std::size_t from, std::size_t length) const {
    text of = *this;
    of.seen_ = seen_.substr(from, length);
    return of;
  }
  [[nodiscard]] std::string_view get() const { return seen_; }

private:
  text(std::string_view of, int) : seen_(of) {}
  std::shared_ptr<const std::string> owner_;
  std::string_view seen_;
};

struct byte_text {
  text bytes;
};

/// From year 1 to year 9999.
struct time_point {
  std::int64_t seconds = 0; ///< since 1970
  std::int32_t nanoseconds = 0;
  auto operator<=>(const time_point&) const = default;
};

struct time_span {
  std::int64_t nanoseconds = 0;
  auto operator<=>(const time_span&) const = default;
};

struct type_name {
  std::string name;
  bool operator==(const type_name&) const = default;
};

/// Something a library brings along: a quantity, an address.
class opaque_value {
public:
  virtual ~opaque_value() = default;
  [[nodiscard]] virtual std::string_view type() const = 0;
  [[nodiscard]] virtual bool equals(const opaque_value& other) const = 0;
};

/// An object whose members are made when they are asked for.
class lazy_members {
public:
  virtual ~lazy_members() = default;
  /// Nothing when there is no such member.
  [[nodiscard]] virtual std::optional<value> member(std::string_view name) const = 0;
};

/// A list or an object of a JSON document, seen as what its schema says (null: as it is). Both outlive it.
struct json_view {
  const json* at;
  const type* seen_as;
};

/// Why an evaluation has no result. It is a value, for `||` and `&&` may do without the side that failed.
struct failure {
  std::string message;
};

struct optional_value {
  std::shared_ptr<const value> held; ///< null: none
};

/// The order of keys of maps: booleans, numbers (whatever their type), texts.
struct key_order {
  bool operator()(const value& left, const value& right) const;
};

using value_list = std::vector<value>;
using value_map = std::map<value, value, key_order>;

class value {
public:
  using alternatives =
      std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, text, byte_text, time_point,
                   time_span, type_name, std::shared_ptr<const value_list>, std::shared_ptr<const value_map>,
                   json_view, optional_value, std::shared_ptr<const opaque_value>,
                   std::shared_ptr<const lazy_members>, std::shared_ptr<const failure>>;

  value() : held_(nullptr) {}
  template <class Kind>
    requires(!std::is_same_v<std::decay_t<Kind>, value> && std::is_constructible_v<alternatives, Kind &&>)
  value(Kind&& kind) : held_(std::forward<Kind>(kind)) {}
  static value of(std::string own) { return text(std::move(own)); }
  static value of(value_list items) { return std::make_shared<const value_list>(std::move(items)); }
  static value of(value_map rows) { return std::make_shared<const value_map>(std::move(rows)); }
  static value none() { return optional_value{}; }
  static value some(value held) { return optional_value{std::make_shared<const value>(std::move(held))}; }
  static value error(std::string message) {
    return std::make_shared<const failure>(failure{std::move(message)});
  }
  static value no_overload() { return error("no such overload"); }
  /// A place in a JSON document that outlives the value. Texts become times, durations or bytes where
  /// `seen_as` says so.
  static value from_json(const json& at, const type* seen_as = nullptr);

  template <class Kind>
  [[nodiscard]] const Kind* as() const {
    return std::get_if<Kind>(&held_);
  }
  [[nodiscard]] bool failed() const { return as<std::shared_ptr<const failure>>() != nullptr; }
  /// The value must have failed.
  [[nodiscard]] const std::string& message() const;
  [[nodiscard]] bool is_true() const { return as<bool>() != nullptr && *as<bool>(); }
  [[nodiscard]] bool is_null() const { return as<std::nullptr_t>() != nullptr; }
  /// Null unless it is a text.
  [[nodiscard]] std::optional<std::string_view> string() const;

  [[nodiscard]] bool is_list() const;
  [[nodiscard]] bool is_map() const;
  /// Items of a list, members of a map; nothing for all else.
  [[nodiscard]] std::optional<std::size_t> size() const;
  /// The value must be a list and the index within it.
  [[nodiscard]] value item(std::size_t index) const;
  /// The member of a map or structure; nothing when there is none. A failure when the key cannot be one.
  [[nodiscard]] std::optional<value> member(const value& key) const;
  /// The value must be a map.
  [[nodiscard]] value_list keys() const;

  /// "int", "list", "google.protobuf.Timestamp".
  [[nodiscard]] std::string type_text() const;

private:
  alternatives held_;
};

/// CEL's ==: numbers by what they are, lists and maps by what is in them; values of other kinds differ.
bool equal(const value& left, const value& right);
/// Nothing when the two have no order.
std::optional<std::partial_ordering> compare(const value& left, const value& right);

/// What looking at all of the value costs: one for each value in it and for every ten bytes of text; no more
/// than `limit` is counted. A small value may hold one part many times over, at every level.
std::uint64_t cost_of_all(const value& of, std::uint64_t limit);

/// The value as JSON: what patches and annotations are made of. Nothing for what JSON has not.
std::optional<json> to_json(const value& from);

} // namespace actord::schema::cel
