#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace actord {

/// The place of the first byte from `from` on that is a control character (below 0x20) or one of two others;
/// the text's size when there is none. Most texts have none, so eight bytes are looked at in each step, and
/// what is left at the end of a text in one more.
inline std::size_t find_control_or(std::string_view text, std::size_t from, unsigned char one,
                                   unsigned char other) {
  constexpr std::uint64_t low_bits = 0x0101010101010101U;
  constexpr std::uint64_t high_bits = 0x8080808080808080U;
  // Bytes below `limit`, which is at most 0x80: the subtraction borrows into the high bit, which no byte of
  // the word had. A byte behind one that was found may be marked wrongly, one before it never.
  const auto below = [](std::uint64_t word, std::uint64_t limit) {
    return (word - low_bits * limit) & ~word & high_bits;
  };
  const std::uint64_t all_one = low_bits * one;
  const std::uint64_t all_other = low_bits * other;
  const auto found_in = [&](std::uint64_t word) {
    return (below(word, 0x20) | below(word ^ all_one, 1) | below(word ^ all_other, 1)) != 0;
  };
  std::size_t at = from;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    if (found_in(word)) break;
  }
  // Names are short: two halves that may overlap show what is left of them.
  if (const std::size_t left = text.size() - at; left >= 4 && left < 8) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, text.data() + at, sizeof first);
    std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
    if (!found_in((static_cast<std::uint64_t>(last) << 32U) | first)) return text.size();
  }
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == one || byte == other) break;
  }
  return at;
}

} // namespace actord
