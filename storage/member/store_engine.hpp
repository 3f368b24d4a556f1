#pragma once

#include "storage/kv/kv.hpp"
#include "storage/member/compaction.hpp"
#include "storage/member/leadership_board.hpp"
#include "storage/member/membership.hpp"
#include "storage/member/proposer.hpp"
#include "storage/member/read_rounds.hpp"
#include "storage/member/replica.hpp"
#include "storage/member/revision_waiters.hpp"
#include "storage/member/state_check.hpp"
#include "storage/open_store.hpp"
#include "storage/raft/message_parts.hpp"
#include "storage/snapshot/snapshot_sender.hpp"
#include "storage/store.hpp"
#include "storage/watch/watch_hub.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace actord::storage {

struct engine_parts {
  std::shared_ptr<kv::environment> disk;
  std::unique_ptr<raft_transport> transport;
  const value_codec& codec;
  const clock_source& clock;
  random_source& random;
  store_limits limits;
  raft_timing timing;
  /// How often members compare their states, and read their own to see whether the disk still has it.
  std::chrono::nanoseconds check_interval = std::chrono::minutes(1);
  fault_points wrong = {};
};

/// The store around one replica: queues in front, answers and events behind, and the thread that carries it
/// forward.
///
/// Everything marked "worker" below is touched by one thread only: its own when `run_thread` was called, else
/// whoever calls in, one call at a time.
class store_engine final : public store, private replica_listener {
public:
  explicit store_engine(engine_parts parts);
  ~store_engine() override;
  store_engine(const store_engine&) = delete;
  store_engine& operator=(const store_engine&) = delete;

  result<void> start();
  void run_thread();

  void receive(member_id from, std::string bytes) override;
  /// See storage/departures.hpp.
  void gone(member_id member);
  void removed();
  /// Without a thread: does what is due by now.
  void pump();
  /// The state here is not what it must be: nothing is answered until another member's has replaced it.
  [[nodiscard]] bool fenced() const;

  void propose(transaction what, std::function<void(outcome)> done) override;
  [[nodiscard]] std::unique_ptr<snapshot> read() const override;
  void confirm_reads(std::function<void(result<void>)> ready) override;
  void wait_for(revision at, std::chrono::milliseconds wait,
                std::function<void(result<void>)> ready) override;
  [[nodiscard]] std::string head(const object_key& key) const override;
  result<std::unique_ptr<watch_cursor>> watch(watch_scope scope, revision after,
                                              std::function<void()> wake) override;
  [[nodiscard]] wall_time now() const override;
  [[nodiscard]] store_status status() const override;
  [[nodiscard]] std::string cluster_id() const override;
  [[nodiscard]] std::vector<cluster_member> members() const override;
  [[nodiscard]] std::shared_ptr<void> on_leadership(leadership_listener listener) override;
  void add_learner(member_id id, std::string address, membership_answer done) override;
  void promote(member_id id, std::chrono::milliseconds wait, membership_answer done) override;
  void remove_member(member_id id, membership_answer done) override;
  void transfer_leadership(member_id to, membership_answer done) override;

private:
  struct inbox {
    std::vector<std::pair<member_id, std::string>> messages;
    std::deque<waiting_proposal> proposals;
    std::vector<std::function<void(result<void>)>> reads;
    std::vector<revision_waiter> waiters;
    std::vector<membership_request> membership;
    std::set<member_id> gone;
    bool removed = false; ///< this member
    [[nodiscard]] bool empty() const {
      return messages.empty() && proposals.empty() && reads.empty() && waiters.empty() &&
             membership.empty() && gone.empty() && !removed;
    }
  };
  struct pending_answers {
    raft_index index;
    std::vector<ready_answer> answers;
  };

  void applied(applied_batch told, const member_state& state) override;
  void role_changed() override;
  void disk_full(const error& why) override;
  void snapshot_offered(member_id from) override;
  void fenced(const std::string& why) override;

  void ask_membership(membership_request request);
  void kick();
  void loop();
  void step();
  void take_inbox();
  void hear_members();
  void hear_note(member_id from, const member_note& note);
  void install(received_snapshot snapshot);
  void follow_role();
  void seal_and_submit();
  void refuse_waiting(const error& why);
  void end_unapplied(const std::function<outcome()>& what);
  void answer(std::vector<ready_answer>& answers);
  void tend_reads();
  [[nodiscard]] reading_view view_of_reads() const;
  void tend();
  void tend_checks(steady_time now);
  [[nodiscard]] revision readable() const;
  [[nodiscard]] error no_proposals() const;
  void publish_status();
  void tell_leadership();
  [[nodiscard]] bool has_work() const;
  [[nodiscard]] bool has_mail() const;
  [[nodiscard]] bool may_seal() const;
  [[nodiscard]] steady_time next_deadline() const;
  [[nodiscard]] raft_time_ms raft_now() const;

  engine_parts parts_;
  watch_hub::open_view open_view_;

  // Any thread, under mutex_.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  inbox inbox_;
  std::size_t queued_ = 0; ///< proposals in inbox_ and waiting_
  std::size_t queued_bytes_ = 0;
  std::size_t message_bytes_ = 0;
  bool stopping_ = false;
  store_status status_;
  wall_time logged_time_{};
  std::string cluster_;
  bool alone_ = false;
  bool is_fenced_ = false;
  std::vector<cluster_member> members_;
  leadership_board board_; ///< has a lock of its own

  // Worker.
  std::unique_ptr<replica> replica_;
  proposer proposer_;
  std::unique_ptr<watch_hub> hub_;
  std::deque<waiting_proposal> waiting_;
  std::deque<pending_answers> answers_;
  std::vector<std::pair<member_id, std::string>> messages_;
  std::set<member_id> gone_;
  bool removed_ = false;
  message_parts arriving_;
  cutting_transport outgoing_;
  std::optional<read_rounds> reads_;
  std::optional<snapshot_sender> snapshots_out_;
  std::optional<snapshot_receiver> snapshot_in_;
  revision_waiters waiters_;
  std::optional<state_scrub> scrub_;
  std::optional<state_agreement> agreement_;
  std::optional<state_hash> agreed_; ///< to be told with the next batch
  membership membership_;
  leadership told_;
  raft_index members_at_;  ///< the change that members_ is of
  raft_term proposing_in_; ///< 0 while this member may not propose
  bool writable_ = true;
  bool compact_more_ = false;
  std::uint64_t compacted_at_bytes_ = 0;
  steady_time next_compaction_{};
  steady_time next_tidy_{};
  steady_time next_check_{};
  steady_time next_retry_{};
  steady_time next_status_{};
  /// Without a thread: somebody is the worker right now.
  std::atomic<bool> stepping_{false};

  std::thread thread_;
};

} // namespace actord::storage
