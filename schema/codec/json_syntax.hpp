#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace actord::schema {

struct syntax_error {
  std::string message; ///< as Go's encoding/json words it
  std::size_t offset = 0;
  std::size_t line = 1;
};

/// What is wrong with a JSON text; nothing when it is well formed. The slow path: called when the fast parser
/// has refused a text and did not say why in words that clients know.
std::optional<syntax_error> find_syntax_error(std::string_view text);

} // namespace actord::schema
