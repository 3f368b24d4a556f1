#include "schema/tables/storage_hash.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace actord::schema {
namespace {

/// The first 32 bits of the fractional part of a root of the n-th prime, which is where SHA-256 has its
/// constants from.
std::uint32_t root_fraction(int index, bool cube) {
  int prime = 1;
  for (int found = -1; found < index;) {
    ++prime;
    bool is_prime = true;
    for (int divisor = 2; divisor * divisor <= prime; ++divisor) is_prime = is_prime && prime % divisor != 0;
    if (is_prime) ++found;
  }
  const long double root =
      cube ? std::cbrt(static_cast<long double>(prime)) : std::sqrt(static_cast<long double>(prime));
  return static_cast<std::uint32_t>((root - std::floor(root)) * 4294967296.0L);
}

std::array<std::uint32_t, 8> sha256(std::string text) {
  std::array<std::uint32_t, 8> state;
  for (int i = 0; i < 8; ++i) state[static_cast<std::size_t>(i)] = root_fraction(i, false);
  const std::uint64_t bits = text.size() * 8;
  text += '\x80';
  while (text.size() % 64 != 56) text += '\0';
  for (int shift = 56; shift >= 0; shift -= 8)
    text += static_cast<char>((bits >> static_cast<unsigned>(shift)) & 0xffU);
  for (std::size_t block = 0; block < text.size(); block += 64) {
    std::array<std::uint32_t, 64> words{};
    for (std::size_t i = 0; i < 64; ++i)
      words[i / 4] =
          i < 64 && i / 4 < 16 ? (words[i / 4] << 8U) | static_cast<unsigned char>(text[block + i]) : 0;
    for (std::size_t i = 16; i < 64; ++i) {
      const std::uint32_t small0 =
          std::rotr(words[i - 15], 7) ^ std::rotr(words[i - 15], 18) ^ (words[i - 15] >> 3U);
      const std::uint32_t small1 =
          std::rotr(words[i - 2], 17) ^ std::rotr(words[i - 2], 19) ^ (words[i - 2] >> 10U);
      words[i] = words[i - 16] + small0 + words[i - 7] + small1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t large1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const std::uint32_t first =
          h + large1 + ((e & f) ^ (~e & g)) + root_fraction(static_cast<int>(i), true) + words[i];
      const std::uint32_t large0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const std::uint32_t second = large0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + first;
      d = c;
      c = b;
      b = a;
      a = first + second;
    }
    const std::array<std::uint32_t, 8> mixed{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state[i] += mixed[i];
  }
  return state;
}

} // namespace

std::string storage_hash(const std::string& group_version_kind) {
  const auto digest = sha256(group_version_kind);
  const std::uint64_t start = (static_cast<std::uint64_t>(digest[0]) << 32U) | digest[1];
  constexpr const char* alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (int shift = 58; shift >= 0; shift -= 6)
    text += alphabet[(start >> static_cast<unsigned>(shift)) & 0x3fU];
  text += alphabet[(start << 2U) & 0x3fU]; // 64 bits are ten digits and four bits
  return text += '=';
}

} // namespace actord::schema
