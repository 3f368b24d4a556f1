#pragma once

#include <cstdint>
#include <string_view>

namespace actord {

/// FNV-1a of 32 bits: for names and numbers that must come out the same on every machine and in every
/// version. No defence against who chooses the text.
constexpr std::uint32_t text_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

} // namespace actord
