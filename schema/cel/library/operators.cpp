#include "schema/cel/library/libraries.hpp"
#include "schema/cel/times.hpp"

#include <array>
#include <cmath>

namespace actord::schema::cel {
namespace {

using arguments = std::span<const value>;

value overflow(bool is_unsigned) {
  return value::error(is_unsigned ? "unsigned integer overflow" : "integer overflow");
}

/// Two whole numbers of one type, or two doubles.
template <class Whole, class Floating>
value arithmetic(arguments all, Whole whole, Floating floating) {
  if (const auto *one = all[0].as<std::int64_t>(), *other = all[1].as<std::int64_t>(); one && other)
    return whole(*one, *other, false);
  if (const auto *one = all[0].as<std::uint64_t>(), *other = all[1].as<std::uint64_t>(); one && other)
    return whole(*one, *other, true);
  if (const auto *one = all[0].as<double>(), *other = all[1].as<double>(); one && other)
    return floating(*one, *other);
  return value::no_overload();
}

value spans_or_overflow(bool overflown, std::int64_t nanoseconds) {
  return overflown ? value::error("duration overflow") : value(time_span{nanoseconds});
}

value added_times(arguments all) {
  const auto* when = all[0].as<time_point>();
  const auto* span = all[when != nullptr ? 1 : 0].as<time_span>();
  if (when == nullptr) when = all[1].as<time_point>();
  if (const auto *one = all[0].as<time_span>(), *other = all[1].as<time_span>(); one && other) {
    std::int64_t sum = 0;
    const bool over = __builtin_add_overflow(one->nanoseconds, other->nanoseconds, &sum);
    return spans_or_overflow(over, sum);
  }
  if (when == nullptr || span == nullptr) return value::no_overload();
  const auto moved = later(*when, *span);
  return moved ? value(*moved) : value::error("timestamp overflow");
}

const type* keyed_list(const value& list) {
  const auto* view = list.as<json_view>();
  return view != nullptr && view->seen_as != nullptr && view->seen_as->form != list_form::plain
             ? view->seen_as
             : nullptr;
}

bool same_key(const type& list, const value& one, const value& other) {
  if (list.form == list_form::set) return equal(one, other);
  for (const std::string& name : list.keys) {
    const auto left = one.member(text::view(name));
    const auto right = other.member(text::view(name));
    if (left.has_value() != right.has_value() || (left && !equal(*left, *right))) return false;
  }
  return true;
}

/// Lists that are sets or maps stay so: what is there twice counts once, the right side's.
value joined_lists(arguments all, spending& cost) {
  const std::size_t left = *all[0].size();
  const std::size_t right = *all[1].size();
  const type* keyed = keyed_list(all[0]);
  if (!cost.spend(keyed == nullptr ? left + right : left * right + left + right)) return {};
  value_list made;
  made.reserve(left + right);
  for (std::size_t i = 0; i < left; ++i) made.push_back(all[0].item(i));
  for (std::size_t i = 0; i < right; ++i) {
    value item = all[1].item(i);
    std::size_t at = 0;
    while (keyed != nullptr && at < made.size() && !same_key(*keyed, made[at], item)) {
      if (!spend_on_all(item, cost)) return {};
      ++at;
    }
    if (keyed != nullptr && at < made.size())
      made[at] = std::move(item);
    else
      made.push_back(std::move(item));
  }
  return value::of(std::move(made));
}

value add(arguments all, spending& cost) {
  if (const auto one = all[0].string(), other = all[1].string(); one && other) {
    if (!cost.spend(cost_of_text(one->size() + other->size()))) return {};
    return value::of(std::string(*one).append(*other));
  }
  if (all[0].is_list() && all[1].is_list()) return joined_lists(all, cost);
  if (const auto *one = all[0].as<byte_text>(), *other = all[1].as<byte_text>(); one && other) {
    if (!cost.spend(cost_of_text(one->bytes.get().size() + other->bytes.get().size()))) return {};
    return byte_text{text(std::string(one->bytes.get()).append(other->bytes.get()))};
  }
  if (all[0].as<time_span>() != nullptr || all[1].as<time_span>() != nullptr) return added_times(all);
  return arithmetic(
      all,
      [](auto one, auto other, bool is_unsigned) {
        decltype(one) sum = 0;
        return __builtin_add_overflow(one, other, &sum) ? overflow(is_unsigned) : value(sum);
      },
      [](double one, double other) { return value(one + other); });
}

value subtract(arguments all, spending&) {
  if (const auto* one = all[0].as<time_point>()) {
    if (const auto* other = all[1].as<time_point>()) {
      const auto span = between(*other, *one);
      return span ? value(*span) : value::error("duration overflow");
    }
    if (const auto* span = all[1].as<time_span>()) {
      const auto moved =
          span->nanoseconds == INT64_MIN ? std::nullopt : later(*one, time_span{-span->nanoseconds});
      return moved ? value(*moved) : value::error("timestamp overflow");
    }
  }
  if (const auto *one = all[0].as<time_span>(), *other = all[1].as<time_span>(); one && other) {
    std::int64_t rest = 0;
    const bool over = __builtin_sub_overflow(one->nanoseconds, other->nanoseconds, &rest);
    return spans_or_overflow(over, rest);
  }
  return arithmetic(
      all,
      [](auto one, auto other, bool is_unsigned) {
        decltype(one) rest = 0;
        return __builtin_sub_overflow(one, other, &rest) ? overflow(is_unsigned) : value(rest);
      },
      [](double one, double other) { return value(one - other); });
}

value multiply(arguments all, spending&) {
  return arithmetic(
      all,
      [](auto one, auto other, bool is_unsigned) {
        decltype(one) product = 0;
        return __builtin_mul_overflow(one, other, &product) ? overflow(is_unsigned) : value(product);
      },
      [](double one, double other) { return value(one * other); });
}

template <bool Rest>
value divide(arguments all, spending&) {
  return arithmetic(
      all,
      [](auto one, auto other, bool is_unsigned) -> value {
        if (other == 0) return value::error(Rest ? "modulus by zero" : "division by zero");
        if (!is_unsigned && static_cast<std::int64_t>(one) == INT64_MIN &&
            static_cast<std::int64_t>(other) == -1)
          return overflow(false);
        if constexpr (Rest) return one % other;
        return one / other;
      },
      [](double one, double other) { return Rest ? value::no_overload() : value(one / other); });
}

value negate(arguments all, spending&) {
  if (const auto* one = all[0].as<std::int64_t>()) return *one == INT64_MIN ? overflow(false) : value(-*one);
  if (const auto* one = all[0].as<double>()) return -*one;
  return value::no_overload();
}

value invert(arguments all, spending&) {
  const bool* yes = all[0].as<bool>();
  return yes == nullptr ? value::no_overload() : value(!*yes);
}

/// How much there is to compare, roughly.
std::uint64_t size_of_value(const value& one) {
  if (const auto seen = one.string()) return cost_of_text(seen->size());
  return one.size().value_or(1) + 1;
}

bool spend_on_both(arguments all, spending& cost) {
  return cost.spend(std::min(size_of_value(all[0]), size_of_value(all[1])));
}

value is_equal(arguments all, spending& cost) {
  if (!spend_on_both(all, cost)) return {};
  const bool deep = (all[0].is_list() || all[0].is_map()) && all[0].size() == all[1].size();
  if (deep && !spend_on_all(all[0], cost)) return {};
  return equal(all[0], all[1]);
}

value is_not_equal(arguments all, spending& cost) {
  const value same = is_equal(all, cost);
  return same.as<bool>() == nullptr ? same : value(!*same.as<bool>());
}

template <bool Less, bool Equal>
value order(arguments all, spending& cost) {
  if (!spend_on_both(all, cost)) return {};
  const auto found = compare(all[0], all[1]);
  if (!found) return value::no_overload();
  if (Equal && *found == std::partial_ordering::equivalent) return true;
  return *found == (Less ? std::partial_ordering::less : std::partial_ordering::greater);
}

value is_in(arguments all, spending& cost) {
  if (all[1].is_map()) {
    const auto found = all[1].member(all[0]);
    return found.has_value() && !(found->failed() && !all[0].string());
  }
  if (!all[1].is_list()) return value::no_overload();
  const std::size_t count = *all[1].size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!spend_on_all(all[0], cost)) return {};
    if (equal(all[0], all[1].item(i))) return true;
  }
  return false;
}

/// The evaluator does these itself: not all that they are given is looked at.
value not_here(arguments, spending&) { return value::no_overload(); }

constexpr std::string_view comparisons =
    "(bool,bool)bool;(int,int)bool;(int,uint)bool;(int,double)bool;(uint,uint)bool;(uint,int)bool;"
    "(uint,double)bool;(double,double)bool;(double,int)bool;(double,uint)bool;(string,string)bool;"
    "(bytes,bytes)bool;(timestamp,timestamp)bool;(duration,duration)bool";

constexpr std::array<function_row, 16> rows{
    {{"_+_",
      "(int,int)int;(uint,uint)uint;(double,double)double;(string,string)string;(bytes,bytes)bytes;"
      "(list(A),list(A))list(A);(duration,duration)duration;(timestamp,duration)timestamp;"
      "(duration,timestamp)timestamp",
      add},
     {"_-_",
      "(int,int)int;(uint,uint)uint;(double,double)double;(duration,duration)duration;"
      "(timestamp,timestamp)duration;(timestamp,duration)timestamp",
      subtract},
     {"_*_", "(int,int)int;(uint,uint)uint;(double,double)double", multiply},
     {"_/_", "(int,int)int;(uint,uint)uint;(double,double)double", divide<false>},
     {"_%_", "(int,int)int;(uint,uint)uint", divide<true>},
     {"-_", "(int)int;(double)double", negate},
     {"!_", "(bool)bool", invert},
     {"_==_", "(A,A)bool", is_equal},
     {"_!=_", "(A,A)bool", is_not_equal},
     {"_<_", comparisons, order<true, false>},
     {"_<=_", comparisons, order<true, true>},
     {"_>_", comparisons, order<false, false>},
     {"_>=_", comparisons, order<false, true>},
     {"@in", "(A,list(A))bool;(A,map(A,B))bool", is_in},
     {"_[_]",
      "(list(A),int)A;(map(A,B),A)B;(optional(list(A)),int)optional(A);(optional(map(A,B)),A)optional(B)",
      not_here},
     {"_[?_]",
      "(list(A),int)optional(A);(map(A,B),A)optional(B);(optional(list(A)),int)optional(A);"
      "(optional(map(A,B)),A)optional(B)",
      not_here}}};

} // namespace

std::span<const function_row> operator_functions() { return rows; }

} // namespace actord::schema::cel
