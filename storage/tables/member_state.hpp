#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "storage/cluster.hpp"
#include "storage/kv/kv.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::storage {

/// How far a member has applied the log; one row of `meta`, written with every transaction that applies
/// something. All but the floor is a function of the log up to `applied`, equal on every member.
struct member_state {
  raft_index applied;
  raft_term applied_term;
  revision last;                  ///< of the newest applied change
  wall_time time{};               ///< of the newest applied batch
  std::uint64_t logged_bytes = 0; ///< payload bytes of all applied batches, ever
  revision compacted;             ///< history at or below is gone, announced to watchers
  raft_index log_first{1};        ///< rows of the log begin here
  std::uint64_t requests = 0;     ///< rows in `requests`
  std::uint64_t hash = 0;         ///< sum of row_hash over all rows of `objects`
  bool hashed = true; ///< false in a directory of before there was this hash: it is to be computed
  /// This member began from a snapshot of this entry and revision: its own log and history begin above.
  raft_index floor_index;
  revision floor;

  /// Rows of this member's log begin here.
  [[nodiscard]] raft_index log_begin() const {
    return std::max(log_first, raft_index{floor_index.value + 1});
  }
  /// Its history begins above this.
  [[nodiscard]] revision history_from() const { return std::max(compacted, floor); }
};

member_state load_state(const kv::read_view& view);
/// The row as bytes; `parse_state` finds nothing in what it is not.
std::string encode_state(const member_state& state);
std::optional<member_state> parse_state(std::string_view row);
/// Reads every object.
std::uint64_t compute_hash(const kv::read_view& view);
void save_state(kv::write_batch& batch, const member_state& state);

/// The hash of the state once entry `at` was applied.
struct state_hash {
  raft_index at;
  std::uint64_t hash = 0;
};

/// Why this member does not trust its own state (any more); kept until it has another. Empty when it does.
std::string load_fence(const kv::read_view& view);
void save_fence(kv::write_batch& batch, std::string_view why);
void lift_fence(kv::write_batch& batch);

/// One round of compaction, kept until what it announced may be trimmed from the log.
///
/// An update keeps the previous bytes inline only when that version is already announced as gone; else it
/// relies on the log. So a row of the log may be trimmed only once every update that was written while it was
/// still history is itself gone: mark m allows trimming up to m.index once m.head <= compacted.
struct compaction_mark {
  raft_index index; ///< the last entry wholly at or below the announced revision
  revision announced;
  revision head; ///< newest revision when it was announced

  bool operator==(const compaction_mark&) const = default;
};

std::vector<compaction_mark> load_marks(const kv::read_view& view);
std::string encode_marks(const std::vector<compaction_mark>& marks);
std::optional<std::vector<compaction_mark>> parse_marks(std::string_view row);
void save_marks(kv::write_batch& batch, const std::vector<compaction_mark>& marks);

/// Term and vote: written and synced before any message of that term leaves.
struct hard_state {
  raft_term term;
  std::uint64_t voted_for = 0;
};
hard_state load_vote(const kv::read_view& view);
void save_vote(kv::write_batch& batch, const hard_state& vote);

struct member_identity {
  std::uint64_t member = 0; ///< 0: this directory was never initialised
  std::string cluster;
};
member_identity load_identity(const kv::read_view& view);
void save_identity(kv::write_batch& batch, const member_identity& identity);

using raft_server = cluster_member;
/// The committed configuration and the entry that made it.
struct raft_configuration {
  raft_index index;
  std::vector<raft_server> servers;

  [[nodiscard]] std::size_t voters() const;
  /// Null when there is no such member.
  [[nodiscard]] const raft_server* find(member_id id) const;
  [[nodiscard]] bool is_only_voter(member_id id) const;
};
raft_configuration load_configuration(const kv::read_view& view);
void save_configuration(kv::write_batch& batch, const raft_configuration& configuration);

/// Payload of a `change` entry.
std::string encode_servers(const std::vector<raft_server>& servers);
/// For what this member or a sound peer wrote.
std::vector<raft_server> decode_servers(std::string_view bytes);
/// Nothing when the bytes are no list of servers.
std::optional<std::vector<raft_server>> parse_servers(std::string_view bytes);

} // namespace actord::storage
