#include "storage/encoding/checksum.hpp"

#include "storage/encoding/bytes.hpp"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace actord::storage {
namespace {

constexpr std::uint32_t castagnoli = 0x82f63b78U; // reversed polynomial 0x1edc6f41

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? castagnoli : 0U);
    table[i] = crc;
  }
  return table;
}
constexpr auto table = make_table();

std::uint32_t crc_portable(std::uint32_t crc, std::string_view bytes) {
  for (const char c : bytes) crc = (crc >> 8U) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xffU];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc_hardware(std::uint32_t start, std::string_view bytes) {
  std::uint64_t crc = start;
  while (bytes.size() >= 8) {
    crc = _mm_crc32_u64(crc, load_little<std::uint64_t>(bytes));
    bytes.remove_prefix(8);
  }
  return crc_portable(static_cast<std::uint32_t>(crc), bytes);
}
#endif

constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

} // namespace

std::uint32_t crc32c(std::string_view bytes) {
  constexpr std::uint32_t start = 0xffffffffU;
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("sse4.2") != 0;
  if (fast) return ~crc_hardware(start, bytes);
#endif
  return ~crc_portable(start, bytes);
}

hash128 stable_hash(std::string_view bytes) {
  std::uint64_t high = 0x9e3779b97f4a7c15ULL ^ bytes.size();
  std::uint64_t low = 0xd1b54a32d192ed03ULL;
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t taken = bytes.size() < 8 ? bytes.size() : 8;
    std::memcpy(&word, bytes.data(), taken);
    bytes.remove_prefix(taken);
    high = mix(high ^ word) + low;
    low = mix(low + word * 0x9fb21c651e98df25ULL) ^ high;
  }
  return {mix(high ^ (low << 1U)), mix(low + high)};
}

namespace {

__extension__ using wide = unsigned __int128;

/// Both halves of the product, so that every bit of either factor reaches the result.
std::uint64_t fold(std::uint64_t one, std::uint64_t other) {
  const wide product = static_cast<wide>(one) * other;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

constexpr std::uint64_t keys[4] = {0xd1b54a32d192ed03ULL, 0x9fb21c651e98df25ULL, 0x8bb84b93962eacc9ULL,
                                   0x2d358dccaa6c78a5ULL};
constexpr std::size_t word_bytes = sizeof(std::uint64_t);

std::uint64_t word_at(const char* from, std::size_t number) {
  std::uint64_t word = 0;
  std::memcpy(&word, from + number * word_bytes, word_bytes);
  return word;
}

/// Four products of two words each that do not wait for each other, 64 bytes at a time; then what is left, 16
/// bytes at a time, the last of them padded by zeros (the length is part of the hash).
std::uint64_t fold_bytes(std::uint64_t hash, std::string_view bytes) {
  hash ^= bytes.size() * 0x9e3779b97f4a7c15ULL;
  constexpr std::size_t round_bytes = 8 * word_bytes;
  constexpr std::size_t step_bytes = 2 * word_bytes;
  if (bytes.size() >= round_bytes) {
    std::uint64_t lanes[4] = {hash ^ keys[0], hash ^ keys[1], hash ^ keys[2], hash ^ keys[3]};
    for (; bytes.size() >= round_bytes; bytes.remove_prefix(round_bytes)) {
      for (std::size_t lane = 0; lane < 4; ++lane) {
        const std::uint64_t one = word_at(bytes.data(), 2 * lane);
        const std::uint64_t other = word_at(bytes.data(), 2 * lane + 1);
        lanes[lane] = fold(lanes[lane] ^ one, other ^ keys[lane] ^ (lanes[lane] >> 32U));
      }
    }
    hash = fold(lanes[0] ^ keys[2], lanes[1] ^ keys[3]) + fold(lanes[2] ^ keys[0], lanes[3] ^ keys[1]);
  }
  const auto step = [&hash](const char* from) {
    hash = fold(hash ^ word_at(from, 0) ^ keys[0], word_at(from, 1) ^ keys[1] ^ (hash >> 32U));
  };
  for (; bytes.size() >= step_bytes; bytes.remove_prefix(step_bytes)) step(bytes.data());
  if (!bytes.empty()) {
    char rest[step_bytes] = {};
    std::memcpy(rest, bytes.data(), bytes.size());
    step(rest);
  }
  return hash;
}

} // namespace

std::uint64_t row_hash(std::string_view key, std::string_view value) {
  return fold_bytes(fold_bytes(0x2545f4914f6cdd1dULL, key), value) * 0x9e3779b97f4a7c15ULL;
}

} // namespace actord::storage
