#pragma once

#include <cstdint>
#include <string_view>

namespace actord::storage {

/// CRC-32C (Castagnoli), as iSCSI and ext4 use it: LMDB's pages and Raft's messages carry no checksum of
/// their own.
std::uint32_t crc32c(std::string_view bytes);

/// 128-bit hash that never changes between versions: it is part of index keys. Not meant to resist an
/// attacker; whoever reads an index row compares the object itself.
struct hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const hash128&) const = default;
};
hash128 stable_hash(std::string_view bytes);

/// 64-bit hash of a row: sums of it say whether two members hold the same rows. Whoever changes what it is
/// gives it another number, which is kept beside the sums.
inline constexpr std::uint8_t row_hash_version = 2;
std::uint64_t row_hash(std::string_view key, std::string_view value);

} // namespace actord::storage
