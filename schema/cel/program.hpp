#pragma once

#include "schema/base/result.hpp"
#include "schema/cel/environment.hpp"
#include "schema/cel/functions.hpp"
#include "schema/cel/value.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace actord::schema::cel {

struct node;

/// What one evaluation may cost, in steps of about one node or ten bytes each.
inline constexpr std::uint64_t most_cost = 1'000'000;

/// An expression that was found good. Immutable: many threads may evaluate it at once.
class program {
public:
  /// The error's message begins with "compilation failed: ", in the compiler's words and with its pointers.
  static result<program> compile(std::string_view expression, const environment& names);

  program(program&&) noexcept;
  program& operator=(program&&) noexcept;
  ~program();

  /// The type of what it yields, as far as that is known.
  [[nodiscard]] const type& yields() const { return *yields_; }
  [[nodiscard]] const type_ref& yields_ref() const { return yields_; }
  /// Whether it names the variable, other than for a loop's.
  [[nodiscard]] bool uses(std::size_t slot) const;
  /// `variables` by slot; JSON they look at must outlive the result.
  [[nodiscard]] value evaluate(std::span<const value> variables, spending& cost) const;

private:
  program(std::unique_ptr<node> root, type_ref yields);
  std::unique_ptr<node> root_;
  type_ref yields_;
};

} // namespace actord::schema::cel
