#pragma once

#include "schema/cel/type.hpp"
#include "schema/cel/value.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The functions and operators of the language and of its libraries.

namespace actord::schema::cel {

/// What a call may still spend; functions take what goes beyond the usual.
class spending {
public:
  explicit spending(std::uint64_t limit) : left_(limit), limit_(limit) {}
  /// False when it is more than there is; from then on there is nothing.
  bool spend(std::uint64_t amount) {
    if (amount > left_) {
      left_ = 0;
      over_ = true;
      return false;
    }
    left_ -= amount;
    return true;
  }
  [[nodiscard]] std::uint64_t left() const { return left_; }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] std::uint64_t spent() const { return limit_ - left_; }

private:
  std::uint64_t left_;
  std::uint64_t limit_;
  bool over_ = false;
};

/// Arguments are not failures; the receiver comes first. A result that is none of the arguments' kinds'
/// business is `value::no_overload()`.
using implementation = value (*)(std::span<const value> arguments, spending& cost);

/// One way to call a function, for the checker.
struct overload {
  bool has_receiver = false;
  std::vector<type_ref> arguments; ///< the receiver first
  type_ref result;
};

struct function {
  std::string name;
  std::vector<overload> overloads;
  implementation run = nullptr;
};

/// A row of a library: "size" with "(string)int; list(A).()int": ways to call it, apart by semicolons.
struct function_row {
  std::string_view name;
  std::string_view overloads;
  implementation run;
};

/// Null when there is none of that name.
const function* find_function(std::string_view name);
/// Whether "sets" is the beginning of the names of functions ("sets.contains").
const function* find_qualified(const std::string& space, const std::string& name);

/// "list(A)", "map(string, int)", "quantity" (a library's own), "A" (any).
type_ref parse_type(std::string_view from);

/// What takes one unit for every ten bytes.
inline std::uint64_t cost_of_text(std::size_t bytes) { return bytes / 10 + 1; }

/// Pays for looking at all of a value.
inline bool spend_on_all(const value& of, spending& cost) {
  return cost.spend(cost_of_all(of, cost.left() + 1));
}

inline constexpr std::string_view over_budget = "operation cancelled: actual cost limit exceeded";

} // namespace actord::schema::cel
