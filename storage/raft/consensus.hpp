#pragma once

#include "schema/base/ids.hpp"
#include "storage/cluster.hpp"
#include "storage/log/log_table.hpp"
#include "storage/tables/member_state.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// The Raft algorithm as a function: events and the time go in, a plan comes out. No thread, clock, disk or
/// socket.
///
/// Who holds one (member/replica.hpp) is strictly serial and carries out each plan whole, in this order,
/// before the next event:
///   1. persist term and vote, synced, when `vote_changed`
///   2. send `messages` (the leader's entries leave before its own disk has them)
///   3. write `append` (first deleting every entry from its first index on), synced
///   4. call `persisted` with the last index written, and carry out that plan too
///   5. apply what is committed; call `configured` for a committed change

namespace actord::storage {

/// Monotonic milliseconds; only differences mean anything.
using raft_time_ms = std::uint64_t;

enum class raft_role : std::uint8_t { follower = 1, candidate = 2, leader = 3 };

struct append_message {
  raft_index previous;
  raft_term previous_term;
  raft_index leader_commit;
  /// Of a message to send: how many entries after `previous` the host fills in.
  std::uint32_t entry_count = 0;
  std::vector<log_entry> entries;
};
struct append_result_message {
  raft_index rejected; ///< 0 when accepted
  raft_index last;
  std::uint16_t features = 0;
  std::uint16_t capacity = 0;
};
struct vote_message {
  raft_index last;
  raft_term last_term;
  bool disrupt_leader = false;
  bool pre_vote = false;
};
struct vote_result_message {
  bool granted = false;
  bool pre_vote = false;
  std::uint16_t features = 0;
  std::uint16_t capacity = 0;
};
/// A ticket: the data travels out of band.
struct install_message {
  raft_index last;
  raft_term last_term;
  raft_index configuration;
};
struct timeout_now_message {
  raft_index last;
  raft_term last_term;
};
struct raft_message {
  member_id peer = 0; ///< whom it is from, or for
  raft_term term;
  std::variant<append_message, append_result_message, vote_message, vote_result_message, install_message,
               timeout_now_message>
      body;
};

struct raft_plan {
  bool vote_changed = false;
  bool role_changed = false;
  bool commit_changed = false;
  std::vector<raft_message> messages;
  raft_index append_first; ///< 0 for none
  std::vector<log_entry> append;
};

struct raft_timing {
  unsigned election_ms = 500;
  unsigned heartbeat_ms = 100;
};

/// All that a member remembers when it starts. The applied state is libraft's "snapshot": it is as durable as
/// the log.
struct raft_memory {
  hard_state vote;
  raft_index applied; ///< 0 only for a member that has no configuration yet
  raft_term applied_term;
  raft_configuration configuration; ///< committed
  raft_index log_first{1};
  /// (first index, term) runs from log_first on, and the last index.
  std::vector<std::pair<raft_index, raft_term>> terms;
  raft_index log_last;
  /// The change entries above the committed configuration (at most one by Raft's rules).
  std::vector<std::pair<raft_index, std::vector<raft_server>>> changes;
};

class consensus {
public:
  consensus(member_id self, unsigned seed, raft_timing timing);
  ~consensus();
  consensus(const consensus&) = delete;
  consensus& operator=(const consensus&) = delete;

  raft_plan start(raft_time_ms now, const raft_memory& memory);
  /// From now on this member votes and keeps what it is sent, but never stands for election.
  void only_follow();
  raft_plan receive(raft_time_ms now, raft_message message);
  /// The process of that member is gone, as far as the network knows. A follower of it forgets its leader, so
  /// that it gives its vote, and stands for election in a moment (`deadline`): voters by turns, in the order
  /// of their ids. If it is not true, it costs a question that others refuse while they hear the leader; if
  /// all are wrong, an election.
  void gone(raft_time_ms now, member_id other);
  raft_plan tick(raft_time_ms now);
  /// Empty when this member does not lead. Entries must carry the current term: an old batch dies with its
  /// term.
  std::optional<raft_plan> submit(raft_time_ms now, std::vector<log_entry> entries);
  raft_plan persisted(raft_time_ms now, raft_index through);
  raft_plan configured(raft_time_ms now, const raft_configuration& committed);
  /// Begins to hand leadership to another voter; nothing can be submitted until that is over, at the latest
  /// after an election timeout. Nothing when this member does not lead or already does so.
  std::optional<raft_plan> transfer(raft_time_ms now, member_id to);
  raft_plan compacted(raft_time_ms now, raft_index applied, raft_term applied_term, raft_index first_kept,
                      const raft_configuration& committed);

  [[nodiscard]] raft_role role() const;
  [[nodiscard]] hard_state vote() const;
  [[nodiscard]] raft_index commit_index() const;
  [[nodiscard]] raft_index last_index() const { return last_; }
  /// 0 when unknown.
  [[nodiscard]] member_id leader() const;
  /// To whom leadership is being handed; 0 when it is not.
  [[nodiscard]] member_id transferee() const;
  /// The newest entry a member is known to hold; 0 unless this member leads.
  [[nodiscard]] raft_index matched(member_id other) const;
  /// When `tick` must be called.
  [[nodiscard]] raft_time_ms deadline() const;

private:
  struct hidden;
  raft_plan finish(int code, const char* what, std::vector<log_entry> passed, raft_index passed_first);

  std::unique_ptr<hidden> hidden_;
  raft_index last_;     ///< last entry libraft knows
  raft_index stored_;   ///< last entry it was told is on disk
  raft_index snapshot_; ///< index of its last snapshot
  raft_time_ms now_ = 0;
  bool started_ = false;
};

} // namespace actord::storage
