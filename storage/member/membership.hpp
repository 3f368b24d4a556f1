#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"
#include "storage/cluster.hpp"
#include "storage/member/replica.hpp"

#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace actord::storage {

enum class membership_step : std::uint8_t { add_learner, promote, remove, transfer };

struct membership_request {
  membership_step what = membership_step::add_learner;
  member_id id = 0;
  std::string address; ///< of a learner
  steady_time until{}; ///< of a promotion: how long the learner may take
  membership_answer done;
};

/// What the members become: nothing when they are so already. Says why a request makes no sense.
result<std::optional<std::vector<cluster_member>>> plan_membership(const std::vector<cluster_member>& now,
                                                                   const membership_request& asked);

/// Carries requests out one at a time, oldest first, while this member leads. Lives on the store's thread.
class membership {
public:
  void ask(membership_request request) { waiting_.push_back(std::move(request)); }
  /// Goes on with what can go on, refuses everything where this member does not lead; called after every
  /// event.
  void tend(replica& member, steady_time now, raft_time_ms raft_now);
  /// Ends everything: this member does not lead (any more), or stops.
  void end(const replica& member, const char* why);
  [[nodiscard]] bool idle() const { return waiting_.empty(); }

private:
  bool go_on(membership_request& first, replica& member, steady_time now, raft_time_ms raft_now);

  std::deque<membership_request> waiting_;
  std::optional<raft_index> submitted_; ///< the change of the first request is in the log
  bool transferring_ = false;           ///< the first request is a transfer that began
  raft_term began_in_;                  ///< when either did
};

} // namespace actord::storage
