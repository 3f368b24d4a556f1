#pragma once

#include "schema/cel/issues.hpp"
#include "schema/cel/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema::cel {

enum class token_kind : std::uint8_t { end, identifier, word, sign, literal, bad_literal };

/// Invariants: `seen` is a part of the expression; `held` is set for literals only.
struct token {
  token_kind kind;
  std::string_view seen; ///< "true", "false", "null" and "in" are words; operators and brackets are signs
  std::size_t at;        ///< byte
  value held = {};
  std::string complaint = {}; ///< of a bad literal
};

/// The tokens of an expression, of which the last is `end`. What is none is left out and told in `issues`.
std::vector<token> tokens_of(std::string_view expression, std::vector<issue>& issues);

/// Appends a character as UTF-8.
void append_character(std::string& to, std::uint32_t character);

} // namespace actord::schema::cel
