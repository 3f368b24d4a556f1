#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"
#include "storage/cluster.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The whole state of a store in one file: a backup, and the beginning of a new cluster.
///
///   file     "actord snapshot 1\n", then records, each bytes:u32 crc32c:u32 kind:u8 and that many bytes
///   records  'r' rows as snapshot_rows.hpp has them, as many records as it takes
///            'n' a note of whoever saved it, at most one
///            's' the summary, then the cluster's id; the last record: a file without it is torn
///
/// Every record carries its checksum, and the sum of the hashes of all objects must be the one in the
/// summary.

namespace actord::storage {

struct snapshot_facts {
  std::string cluster;
  revision last;
  raft_index index;
  raft_term term;
  wall_time time{}; ///< of the newest write in it
  std::uint64_t objects = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0; ///< of the file
  std::uint64_t hash = 0;
  std::string note; ///< what `save_snapshot` was given
};
inline constexpr std::size_t snapshot_note_bytes = 64U << 10U;

/// Writes what a store holds at one moment into a new file (0600), which appears under its name once it is
/// whole and synced. Another process may use the directory, this one must not have it open. `already_exists`,
/// `not_found`, `unavailable` (no space). `note` goes into it as it is, at most snapshot_note_bytes.
result<snapshot_facts> save_snapshot(const std::string& directory, const std::string& file,
                                     std::string_view note = {});
/// Reads and checks all of it. `invalid` says what is wrong with the file.
result<snapshot_facts> inspect_snapshot(const std::string& file);

struct restore_options {
  std::string file;
  std::string directory; ///< of the store to make: must not hold one (`already_exists`)
  random_source& random;
  member_id self = 0; ///< 0: a random one
  std::string address = {};
};
/// Makes the first member of a new cluster from a snapshot: everything in it, under a new cluster id, by a
/// revision that is higher by 10^9 (no client that saw the old cluster can take what comes for the past).
/// Until it is complete the directory holds nothing, also when the process dies.
result<snapshot_facts> restore_snapshot(const restore_options& options);
inline constexpr std::uint64_t restored_revision_gap = 1'000'000'000;

} // namespace actord::storage
