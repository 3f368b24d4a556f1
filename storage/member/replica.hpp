#pragma once

#include "schema/base/result.hpp"
#include "storage/kv/kv.hpp"
#include "storage/raft/consensus.hpp"
#include "storage/raft/transport.hpp"
#include "storage/snapshot/snapshot_receiver.hpp"
#include "storage/tables/object_table.hpp"
#include "storage/value_codec.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One member of the cluster: the consensus core, its log and tables on one disk, carried forward by events,
/// one at a time, on one thread. It knows no clock and no thread; the time comes with each event.

namespace actord::storage {

/// Told what became durable, after its transaction ended and before the next event.
class replica_listener {
public:
  virtual ~replica_listener() = default;
  /// Entries up to state.applied are applied, synced and readable.
  virtual void applied(applied_batch told, const member_state& state) = 0;
  /// Began or stopped leading, or the term changed.
  virtual void role_changed() = 0;
  /// The disk is full: nothing can be written, this member takes no part until `start` succeeds again.
  virtual void disk_full(const error& why) = 0;
  /// The leader's log no longer reaches back to where this member is: only a snapshot will help.
  virtual void snapshot_offered(member_id) {}
  /// Its state is not what it must be: it answers nothing until a snapshot has replaced it.
  virtual void fenced(const std::string&) {}
};

/// Bugs on purpose, for the simulator alone: it must notice them.
struct fault_points {
  bool stamps_before_barrier = false; ///< proposes before it has applied what earlier leaders committed
  bool persisted_too_late = false;    ///< reports entries as durable that have been truncated since
};

struct replica_parts {
  kv::environment& disk;
  const value_codec& codec;
  raft_transport& transport;
  replica_listener& listener;
  raft_timing timing;
  unsigned seed = 1;
  fault_points wrong = {};
};

/// Writes the first entry (who the voters are) and the identity into an empty directory. All members of a new
/// cluster are given the same servers and cluster id.
result<void> initialise_member(kv::environment& disk, const member_identity& identity,
                               const std::vector<raft_server>& servers);

/// Writes the identity of a member that joins `identity.cluster` into an empty directory: it knows nobody and
/// waits until a leader that was told of it sends what there is.
result<void> initialise_joining(kv::environment& disk, const member_identity& identity);

/// A batch as its proposer sealed it.
struct sealed_batch {
  std::string payload;
  std::vector<sealed_value> values;
};

class replica {
public:
  explicit replica(const replica_parts& parts);
  ~replica();
  replica(const replica&) = delete;
  replica& operator=(const replica&) = delete;

  /// Takes up what the disk holds; also after `disk_full`.
  result<void> start(raft_time_ms now);
  /// Malformed and unexpected messages are dropped. Entries that a follower is sent are written, and
  /// acknowledged, with `settle`: one sync for all that came meanwhile.
  void receive(raft_time_ms now, member_id from, std::string_view bytes);
  /// The process of that member is gone, as far as the network knows (consensus.hpp).
  void gone(raft_time_ms now, member_id other);
  /// This member was taken out of the cluster, and stands for no election any more. Not while it leads, nor
  /// where it is the only voter: that is not true then.
  void leave(raft_time_ms now);
  void tick(raft_time_ms now);
  /// Writes what was received and applies what is committed: called after each event, or after several
  /// messages, unless another batch follows at once, whose transaction then does it.
  void settle(raft_time_ms now);
  /// Returns the entry's index, or nothing when this member cannot propose (any more).
  std::optional<raft_index> submit(raft_time_ms now, sealed_batch batch);

  /// Replaces the members; the change counts from now on and is committed under the new ones. `unavailable`
  /// when this member may not propose, `conflict` while another change is not committed.
  result<raft_index> change_members(raft_time_ms now, std::vector<raft_server> members);
  /// Begins to hand leadership to another voter. Until it leads, or an election timeout has passed, this
  /// member may not propose.
  result<void> transfer(raft_time_ms now, member_id to);

  /// Puts a snapshot in the place of everything this member has but its identity, its vote and what its own
  /// log holds beyond; false when that cannot be (any more) and nothing was changed. All views opened before
  /// keep what they saw.
  bool install(raft_time_ms now, received_snapshot snapshot);

  /// Takes no further part but as a voter that keeps the log: its state is not what it must be. Not where it
  /// is the only voter, whose state is the only one.
  void fence(raft_time_ms now, const std::string& why);
  [[nodiscard]] bool fenced() const { return fenced_; }
  /// The hash of the state once `at` was applied: what this life began with and the newest it has applied.
  [[nodiscard]] std::optional<std::uint64_t> hash_at(raft_index at) const;

  /// Leads, and everything of earlier terms is applied: may stamp revisions.
  [[nodiscard]] bool may_propose() const;
  /// Leads, and knows everything that earlier leaders committed.
  [[nodiscard]] bool may_serve_reads() const {
    return leading() && barrier_.value != 0 && state_.applied >= served_from_;
  }
  [[nodiscard]] bool leading() const;
  [[nodiscard]] raft_term term() const;
  [[nodiscard]] member_id leader() const;
  /// The only member: commits by itself, needs no clock.
  [[nodiscard]] bool alone() const { return alone_; }
  /// To whom leadership is being handed; 0 when it is not.
  [[nodiscard]] member_id transferee() const { return core_ == nullptr ? 0 : core_->transferee(); }
  /// The committed members, as far as this member has applied the log.
  [[nodiscard]] const raft_configuration& configuration() const { return configuration_; }
  [[nodiscard]] raft_index committed() const {
    return core_ == nullptr ? raft_index{} : core_->commit_index();
  }
  /// Of the newest change in the log, committed or not.
  [[nodiscard]] const raft_configuration& newest_configuration() const { return newest_; }
  /// Where the leader knows each of them to be; empty unless this member leads.
  [[nodiscard]] std::vector<member_progress> progress(raft_time_ms now) const;
  [[nodiscard]] bool running() const { return core_ != nullptr; }
  [[nodiscard]] raft_time_ms deadline() const;
  [[nodiscard]] const member_state& state() const { return state_; }
  [[nodiscard]] const member_identity& identity() const { return identity_; }
  [[nodiscard]] raft_index last_index() const { return last_; }

private:
  void restart(raft_time_ms now);
  void hear(raft_time_ms now, raft_message message);
  void hear_offer(member_id from, raft_term term, raft_index last);
  void tell_all_is_here(member_id to);
  result<void> complete(kv::environment& scratch, snapshot_summary& summary);
  [[nodiscard]] result<void> check_log(const kv::read_view& view, raft_index last) const;
  result<void> check_state(const kv::read_view& view);
  result<void> put_up_fence(const std::string& why);
  void fence_if_wrong(raft_time_ms now);
  void compare_hashes(raft_index index, std::string_view payload);
  void follow_changes(raft_time_ms now);
  void carry_out(raft_time_ms now, raft_plan plan);
  bool carry_out_once(raft_time_ms now, raft_plan& plan);
  [[nodiscard]] bool may_gather(const raft_plan& plan) const;
  void gather(raft_plan& plan);
  void write_gathered(raft_time_ms now);
  void append(kv::write_batch& out, raft_index first, const std::vector<log_entry>& entries);
  bool write(raft_plan& plan);
  void apply_through(kv::write_batch& out, raft_index through, applied_batch& told);
  bool apply_entry(kv::write_batch& out, raft_index index, const log_entry& entry, applied_batch& told);
  bool commit(kv::write_batch& out, applied_batch told);
  void send(raft_message& message);
  void send_commit_notice();
  void fill(append_message& message);
  log_entry entry_at(const kv::read_view& view, raft_index index) const;
  void remember(raft_index first, const std::vector<log_entry>& entries);
  void note_role(const raft_plan& plan);
  void note_members();
  raft_configuration newest_below(const kv::read_view& view, raft_index index) const;
  void stop_full(const error& why);
  void after_trim(raft_time_ms now);

  replica_parts parts_;
  std::unique_ptr<consensus> core_; ///< null before start and when the disk is full
  member_identity identity_;
  member_state state_;
  raft_configuration configuration_; ///< committed
  raft_configuration newest_; ///< of the newest change in the log, committed or not; what libraft goes by
  bool alone_ = false;
  raft_index last_; ///< last entry on disk, gathered or being written; last_ >= state_.applied
  raft_term last_term_;
  raft_index barrier_;                      ///< of this leadership; nothing is stamped before it is applied
  raft_index served_from_;                  ///< the first barrier of this leadership
  raft_index trimmed_told_;                 ///< log_first libraft was last told of
  raft_index noticed_;                      ///< commit index followers were last told of
  std::map<member_id, raft_time_ms> heard_; ///< when each member last answered this leader
  /// Received and not on disk: the entries up to last_. Bounded by gather_limit_bytes and one message.
  std::vector<log_entry> gathered_;
  std::size_t gathered_bytes_ = 0;
  /// Newest entries, for followers and for applying; empty while alone. Bounded by tail_limit_bytes.
  std::deque<std::pair<raft_index, log_entry>> tail_;
  std::size_t tail_bytes_ = 0;
  /// Values of batches this member sealed, until they are applied.
  std::deque<std::pair<raft_index, std::vector<sealed_value>>> sealed_;
  std::deque<state_hash> hashes_;           ///< of the newest applied entries, one after the other
  std::optional<std::string> wrong_;        ///< why the state that is being committed is not what it must be
  bool checked_ = false;                    ///< the state was compared with its hash when this process began
  bool left_ = false;                       ///< taken out of the cluster
  bool fenced_ = false;                     ///< nothing is applied; committed changes of members are followed
  raft_index followed_;                     ///< while fenced: up to here
  std::vector<raft_configuration> changes_; ///< applied in this transaction, for libraft
};

} // namespace actord::storage
