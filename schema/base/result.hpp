#pragma once

#include "schema/base/always.hpp"
#include "schema/base/error.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace actord {

/// A value or the error that prevented it. Test it before use; the accessors end the process otherwise.
template <class Value>
class [[nodiscard]] result {
public:
  using value_type = Value;

  result(Value value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(actord::error failure) : state_(std::in_place_index<1>, std::move(failure)) {}
  template <class Other>
    requires(std::is_constructible_v<Value, Other &&> && !std::is_same_v<std::decay_t<Other>, result> &&
             !std::is_same_v<std::decay_t<Other>, actord::error> &&
             !std::is_same_v<std::decay_t<Other>, Value>)
  result(Other&& other) : state_(std::in_place_index<0>, std::forward<Other>(other)) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  Value& value() & { return checked(), *std::get_if<0>(&state_); }
  const Value& value() const& { return checked(), *std::get_if<0>(&state_); }
  Value&& value() && { return checked(), std::move(*std::get_if<0>(&state_)); }
  Value& operator*() & { return value(); }
  const Value& operator*() const& { return value(); }
  Value&& operator*() && { return std::move(*this).value(); }
  Value* operator->() { return &value(); }
  const Value* operator->() const { return &value(); }

  actord::error& error() & { return failed(), *std::get_if<1>(&state_); }
  const actord::error& error() const& { return failed(), *std::get_if<1>(&state_); }
  actord::error&& error() && { return failed(), std::move(*std::get_if<1>(&state_)); }

private:
  void checked() const { ALWAYS_WITH(has_value(), std::get_if<1>(&state_)->message); }
  void failed() const { ALWAYS(!has_value()); }

  std::variant<Value, actord::error> state_;
};

/// Success, or the error.
template <>
class [[nodiscard]] result<void> {
public:
  result() = default;
  result(actord::error failure) : failure_(std::in_place_index<1>, std::move(failure)) {}

  [[nodiscard]] bool has_value() const { return failure_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  const actord::error& error() const& { return failed(), *std::get_if<1>(&failure_); }
  actord::error&& error() && { return failed(), std::move(*std::get_if<1>(&failure_)); }

private:
  void failed() const { ALWAYS(!has_value()); }

  std::variant<std::monostate, actord::error> failure_;
};

} // namespace actord
