#pragma once

#include "actors/cluster/leadership.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace actord::actors {

/// Begins a leadership when this server leads and ends it when it no longer does, on a thread of its own:
/// beginning waits for writes and ending for the last reconciler, which no other thread may.
///
///   follows ──leads in term N──▶ beginning ──▶ leads ──lost, or leads in term M──▶ ending ──▶ (look again)
///                                   └── failed: again after a second, while it still leads ──┘
class leadership_keeper {
public:
  struct collaborators {
    /// The term in which this server may propose; none while it follows.
    std::function<std::optional<raft_term>()> leading_in;
    std::function<result<std::unique_ptr<leadership>>(raft_term term)> begin;
    /// Told after each beginning and ending, on the keeper's thread.
    std::function<void()> changed;
    std::chrono::milliseconds retry{1000}; ///< between failed beginnings
    /// Without, `step` does the work: of a `begin` that does not wait.
    bool own_thread = true;
  };

  explicit leadership_keeper(collaborators with);
  /// Ends the leadership there is.
  ~leadership_keeper();
  leadership_keeper(const leadership_keeper&) = delete;
  leadership_keeper& operator=(const leadership_keeper&) = delete;

  /// The role may have changed. Any thread; quick.
  void look();
  /// Without a thread of its own: does what `look` asked for, and tries again what failed.
  void step();
  /// Waits until the first attempt to lead ended, and says how.
  result<void> wait_for_first_attempt();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
