#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"
#include "storage/cluster.hpp"
#include "storage/raft/member_note.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace actord::storage {

/// What a member knows of itself when it decides about reads.
struct reading_view {
  member_id self = 0;
  raft_term term;
  member_id leader = 0;
  bool serving = false; ///< leads, and everything of earlier terms is applied
  raft_index committed;
  raft_index applied;
  std::vector<member_id> voters; ///< of the newest configuration in the log
};

/// Makes reads linearizable without a clock and without the log. The leader notes what is committed, asks the
/// voters whether its term is still the newest, and once a majority (itself included) said so, everything
/// acknowledged before the question is at or below what it noted. A member that does not lead asks the leader
/// and waits until it has applied that much itself. One round is under way at a time; reads that arrive
/// meanwhile share the next.
///
///   member:   waiting ──question──▶ asked ──answer──▶ applying ──applied──▶ ready
///   leader:   waiting ──────────▶ in round ──majority──▶ applying ──applied──▶ ready
///             questions of members ─┘            └──▶ their answers
///
/// A voter that asks has said by that what it would say in a round, but for its own question only: others may
/// have come after it was sent. Where the leader and the one that asks are a majority, as among three voters,
/// the answer is given at once.
///
/// A read that is not confirmed in time, because nobody leads or cannot be reached, fails.
class read_rounds {
public:
  using ready = std::function<void(result<void>)>;
  using send = std::function<void(member_id to, const member_note& note)>;

  /// `first` makes question numbers differ from those of an earlier life of this member.
  read_rounds(std::uint64_t first, send out) : asked_(first), round_(first), send_(std::move(out)) {}

  void ask(ready done, steady_time now);
  void hear(member_id from, const member_note& note, const reading_view& view);
  /// After every event, and when `deadline` says so. What became ready is called from here.
  void tend(const reading_view& view, steady_time now);
  void end(const error& why);
  [[nodiscard]] bool idle() const {
    return waiting_.empty() && remote_.empty() && !round_under_way_ && questioned_.empty() &&
           applying_.empty();
  }
  /// Far away when nothing waits.
  [[nodiscard]] steady_time deadline() const;

private:
  struct local_read {
    ready done;
    steady_time until;
  };
  struct applying_read {
    raft_index index;
    local_read read;
  };
  struct remote_read {
    member_id from = 0;
    std::uint64_t number = 0;
  };
  struct round {
    raft_term term;
    raft_index index; ///< committed when it began
    std::vector<local_read> local;
    std::vector<remote_read> remote;
    std::set<member_id> said_yes;
  };

  void tend_round(const reading_view& view, steady_time now);
  void tend_question(const reading_view& view, steady_time now);
  void finish_round();
  void expire(steady_time now, std::vector<ready>& late);
  [[nodiscard]] static bool settles_itself(member_id from, raft_term term, const reading_view& view);
  [[nodiscard]] static bool has_majority(const round& one, const reading_view& view);

  std::vector<local_read> waiting_;
  std::vector<remote_read> remote_;      ///< questions that came since the round began; bounded
  std::optional<round> round_under_way_; ///< only while this member serves
  std::vector<local_read> questioned_;   ///< what the question under way is about
  std::vector<applying_read> applying_;
  std::uint64_t asked_; ///< number of the newest question
  std::uint64_t round_; ///< number of the newest round
  member_id asked_of_ = 0;
  steady_time again_{}; ///< when to ask again what may have been lost
  send send_;
};

} // namespace actord::storage
