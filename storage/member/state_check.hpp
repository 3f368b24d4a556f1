#pragma once

#include "schema/base/clock.hpp"
#include "storage/kv/kv.hpp"
#include "storage/member/replica.hpp"
#include "storage/raft/member_note.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace actord::storage {

/// Reads every object of one moment, a slice at a time, and says whether they are those whose hash is kept.
/// The moment pins pages of the map while it is read. Lives on the store's thread.
class state_scrub {
public:
  explicit state_scrub(kv::environment& disk) : disk_(disk) {}

  void begin();
  [[nodiscard]] bool under_way() const { return view_ != nullptr; }
  /// Goes on by a slice. False once, when it is through and they are not.
  [[nodiscard]] bool go_on();

private:
  kv::environment& disk_;
  std::unique_ptr<kv::read_view> view_;
  std::unique_ptr<kv::cursor> cursor_; ///< at the next row; of view_
  bool more_ = false;
  std::uint64_t sum_ = 0;
};

/// What a round of the leader's questions came to.
struct state_verdict {
  std::optional<state_hash> agreed; ///< a majority of the voters, this member one of them, holds this
  std::string own_is_wrong;         ///< a majority holds another state than this member: why
};

/// Whether all members hold the same state. The leader asks the voters for the hash of theirs at one entry;
/// what a majority agrees on goes into the log, where whoever holds another finds out by itself. Lives on the
/// store's thread.
///
///   leader:  question(at) ──▶ voters ──answer(at, hash)──▶ leader ──majority──▶ log ──▶ every member
///   compares
class state_agreement {
public:
  using send = std::function<void(member_id to, const member_note& note)>;

  explicit state_agreement(send out) : send_(std::move(out)) {}

  /// Of a leader with other voters.
  void ask(const replica& member, steady_time now);
  void hear(member_id from, const state_question& asked, const replica& member);
  void hear(member_id from, const state_answer& told);
  /// After every event: answers what it could not answer before, and says once what a round came to.
  state_verdict tend(const replica& member, steady_time now);

private:
  struct round {
    raft_term term;
    raft_index at;
    steady_time until;
    std::map<member_id, std::uint64_t> told;
  };
  void answer(const replica& member);

  send send_;
  std::optional<round> round_;
  std::map<member_id, raft_index> asked_; ///< who waits for which answer; bounded by the members there can be
};

} // namespace actord::storage
