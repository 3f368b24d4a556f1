#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/key_hash.hpp"
#include "storage/kv/kv.hpp"
#include "storage/member/replica.hpp"
#include "storage/store.hpp"
#include "storage/tables/object_table.hpp"
#include "storage/value_codec.hpp"

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

/// Decides what waits: checks every precondition against the head, runs the decisions, stamps revisions and
/// time, and seals what holds into one batch. The head is the applied state plus everything sealed and not
/// yet applied.

namespace actord::storage {

/// What is sealed and not yet applied, by key. Read by any thread (`store::head`), changed by the proposer's.
class pending_heads {
public:
  struct pending {
    shared_bytes value; ///< null: removed
    revision at;        ///< of the change, a removal's too
    raft_index index;
  };
  [[nodiscard]] std::optional<pending> find(const object_key& key) const;
  void set(const object_key& key, pending head);
  /// Entries up to `applied` can be read from the tables now.
  void drop(raft_index applied);
  void clear();

private:
  mutable std::mutex mutex_;
  std::unordered_map<object_key, pending, kept_key_hash> heads_;
  std::deque<std::pair<raft_index, object_key>> order_;
};

struct waiting_proposal {
  transaction what;
  std::function<void(outcome)> done;
  std::size_t bytes = 0;
};

struct ready_answer {
  std::function<void(outcome)> done;
  outcome what;
};

struct sealing_result {
  std::optional<sealed_batch>
      batch; ///< nothing to log when every transaction was refused or kept its objects
  /// Answers that depend on the batch (or, without one, on the newest entry before it) being applied.
  std::vector<ready_answer> after;
  std::vector<ready_answer> now;
  std::size_t taken = 0;
  std::size_t taken_bytes = 0;
};

struct sealing_bounds {
  std::size_t bytes = 4U << 20U;
  std::chrono::nanoseconds time = std::chrono::milliseconds(5);
};

/// Compaction decided by the leader, to ride on the next batch.
struct compaction_order {
  revision announce;
  raft_index trim;
};

/// What rides on the next batch besides what clients want.
struct batch_orders {
  std::optional<compaction_order> compaction;
  std::optional<state_hash> check;
};

class proposer {
public:
  proposer(const value_codec& codec, const clock_source& clock) : codec_(codec), clock_(clock) {}

  /// Begins a term of leadership: everything is applied, nothing pending.
  void lead(raft_term term, const member_state& state);
  void remember(std::vector<remembered_request> requests, const std::vector<std::string>& forgotten);
  void forget_all_requests() { requests_.clear(); }

  /// Takes proposals off the front until the bounds are reached. `view` is the applied state; the batch, if
  /// any, will be entry `index`. With an order there always is a batch.
  sealing_result seal(std::deque<waiting_proposal>& waiting, const kv::read_view& view, raft_index index,
                      const sealing_bounds& bounds, const batch_orders& orders);
  /// The batch of `index` and all before it are applied.
  void applied(raft_index index);

  [[nodiscard]] pending_heads& heads() { return heads_; }
  [[nodiscard]] const pending_heads& heads() const { return heads_; }

private:
  struct resolved;
  struct verdict;
  class sealing;

  const value_codec& codec_;
  const clock_source& clock_;
  pending_heads heads_;
  raft_term term_;
  revision last_;    ///< newest stamped
  wall_time time_{}; ///< newest logged
  std::uint64_t logged_bytes_ = 0;
  raft_index applied_;
  raft_index sealed_;                                                      ///< newest sealed entry
  std::unordered_map<std::string, std::vector<revision>> requests_;        ///< applied
  std::unordered_map<std::string, std::vector<revision>> sealed_requests_; ///< sealed, not applied
};

} // namespace actord::storage
