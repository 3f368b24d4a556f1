#pragma once

#include "storage/kv/kv.hpp"
#include "storage/tables/member_state.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// What a snapshot consists of: the rows of every replicated table at one moment, table by table in key
/// order, and what the store knew of itself then. Not in it: the log, old versions (history), and what a
/// member keeps for itself, such as its vote.

namespace actord::storage {

inline constexpr std::array<kv::table, 6> snapshot_tables = {kv::table::objects,     kv::table::by_owner,
                                                             kv::table::by_label,    kv::table::by_node,
                                                             kv::table::by_deadline, kv::table::requests};

struct snapshot_chunk {
  /// Rows one behind the other: table:u8 bytes of the key:u16 bytes of the value:u32 key value.
  std::string rows;
  std::string position; ///< of the last row; the next chunk begins behind it
  bool last = false;    ///< there is nothing behind it
};

/// The rows behind `position` (from the first one when it is empty), about `max_bytes` of them and at least
/// one. Nothing when the position is none.
std::optional<snapshot_chunk> copy_rows(const kv::read_view& view, std::string_view position,
                                        std::size_t max_bytes);
/// Calls `visit` for each row of a chunk until it returns false; false then, and when the bytes are malformed
/// or name a table that is not part of snapshots.
bool read_rows(
    std::string_view rows,
    const std::function<bool(kv::table where, std::string_view key, std::string_view value)>& visit);

/// The rest of it, and what tells whether the rows are all there.
struct snapshot_summary {
  member_state state; ///< state.hash is the sum over the rows of `objects`
  std::vector<compaction_mark> marks;
  raft_configuration configuration;
  std::uint64_t rows = 0;
};
/// `rows` is left 0.
snapshot_summary summarise(const kv::read_view& view);
std::string encode_summary(const snapshot_summary& summary);
std::optional<snapshot_summary> parse_summary(std::string_view bytes);

} // namespace actord::storage
