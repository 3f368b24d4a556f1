#pragma once

#include "schema/base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace actord::schema::custom {

/// A regular expression of a schema, in the dialect of Go. Matching takes time linear in the text whatever
/// the expression, and memory within a fixed bound. Compiled when first needed; equal expressions share one.
class text_pattern {
public:
  explicit text_pattern(std::string expression);
  ~text_pattern();
  text_pattern(text_pattern&&) noexcept;
  text_pattern& operator=(text_pattern&&) noexcept;

  [[nodiscard]] const std::string& expression() const { return expression_; }
  /// Whether any part of the text matches. False for an expression that is none.
  [[nodiscard]] bool matches(std::string_view text) const;
  /// Why the expression is none, as Go says it ("error parsing regexp: missing closing ): `(a`"); empty when
  /// it is one.
  static std::string complaint(const std::string& expression);

private:
  std::string expression_;
  struct lazy;
  std::unique_ptr<lazy> lazy_;
};

} // namespace actord::schema::custom
