#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema::cel {

/// What is wrong with an expression, and where.
struct issue {
  std::ptrdiff_t at; ///< a byte of the text; -1: before it
  std::string message;
};

/// In the words and with the pointers clients know, in order of place:
/// `ERROR: <input>:1:5: Syntax error: ...`, the line, a caret below the place.
std::string text_of(std::vector<issue> issues, std::string_view expression);

/// Bytes of the UTF-8 sequence that begins at the front of a text that is not empty; 1 for what is none.
std::size_t sequence_length(std::string_view from);
/// In characters.
std::size_t character_count(std::string_view of);
/// The byte at which the character of that index begins; the length of the text from its end on.
std::size_t byte_of_character(std::string_view of, std::size_t index);

} // namespace actord::schema::cel
