#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"
#include "storage/kv/kv.hpp"
#include "storage/raft/member_note.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace actord::storage {

/// Hands the state of one moment to members that lack what the log no longer holds, part by part, as they
/// ask. What a part holds follows from the question alone, so that nothing needs to be kept for a part that
/// is lost. Each session keeps a view of its moment open, which pins pages of the map: there are few, and one
/// that nobody asks of ends. Lives on the store's thread.
class snapshot_sender {
public:
  using send = std::function<void(member_id to, const member_note& note)>;

  snapshot_sender(kv::environment& disk, random_source& random, send out)
      : disk_(disk), random_(random), send_(std::move(out)) {}

  /// `may_begin`: this member leads. What it has applied is committed, also while it cannot commit anything
  /// of its own yet because a majority needs a snapshot first.
  void hear(member_id from, const snapshot_question& asked, bool may_begin, steady_time now);
  void tend(steady_time now);

private:
  struct session {
    std::uint64_t number = 0;
    member_id to = 0;
    std::unique_ptr<kv::read_view> view;
    steady_time used{};
    bool ended = false;   ///< the last part was sent; it may be asked for again
    bool went_on = false; ///< beyond the first of several parts
  };

  kv::environment& disk_;
  random_source& random_;
  send send_;
  std::vector<session> sessions_; ///< at most max_sessions, one of each member
};

} // namespace actord::storage
