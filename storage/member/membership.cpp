#include "storage/member/membership.hpp"

#include <algorithm>
#include <utility>

namespace actord::storage {
namespace {

error refusal(error_kind kind, std::string why) {
  error out;
  out.kind = kind;
  out.message = std::move(why);
  return out;
}

using next_members = std::optional<std::vector<cluster_member>>;

result<next_members> plan_learner(std::vector<cluster_member> members, const membership_request& asked) {
  if (asked.id == 0) return refusal(error_kind::bad_request, "a member's id is not 0");
  if (asked.address.size() > max_address_bytes)
    return refusal(error_kind::bad_request, "the member's address is too long");
  const auto known = std::ranges::find(members, asked.id, &cluster_member::id);
  if (known != members.end()) {
    if (known->address == asked.address) return next_members{};
    known->address = asked.address;
    return next_members{std::move(members)};
  }
  if (members.size() >= max_members)
    return refusal(error_kind::conflict, "the cluster has as many members as it can");
  members.push_back({asked.id, false, asked.address});
  return next_members{std::move(members)};
}

result<next_members> plan_removal(std::vector<cluster_member> members, member_id id) {
  const auto known = std::ranges::find(members, id, &cluster_member::id);
  if (known == members.end()) return refusal(error_kind::not_found, "there is no such member");
  if (known->voter && std::ranges::count(members, true, &cluster_member::voter) == 1)
    return refusal(error_kind::conflict, "the last voter cannot be removed");
  members.erase(known);
  return next_members{std::move(members)};
}

/// Whichever voter holds most of the log.
member_id furthest(const replica& member, raft_time_ms now) {
  member_progress best;
  for (const member_progress& one : member.progress(now)) {
    const cluster_member* const known = member.configuration().find(one.id);
    if (one.id == member.identity().member || known == nullptr || !known->voter) continue;
    if (best.id == 0 || std::pair(one.caught_up, one.matched) > std::pair(best.caught_up, best.matched))
      best = one;
  }
  return best.id;
}

} // namespace

result<next_members> plan_membership(const std::vector<cluster_member>& now,
                                     const membership_request& asked) {
  switch (asked.what) {
  case membership_step::add_learner:
    return plan_learner(now, asked);
  case membership_step::remove:
    return plan_removal(now, asked.id);
  case membership_step::promote: {
    std::vector<cluster_member> members = now;
    const auto known = std::ranges::find(members, asked.id, &cluster_member::id);
    if (known == members.end()) return refusal(error_kind::not_found, "there is no such member");
    if (known->voter) return next_members{};
    known->voter = true;
    return next_members{std::move(members)};
  }
  case membership_step::transfer:
    break;
  }
  return next_members{};
}

void membership::tend(replica& member, steady_time now, raft_time_ms raft_now) {
  if (waiting_.empty()) return;
  const bool began = submitted_ || transferring_;
  if (!member.leading() || (began && member.term() != began_in_))
    return end(member, "this member does not lead the store");
  while (!waiting_.empty() && go_on(waiting_.front(), member, now, raft_now)) {
    submitted_.reset();
    transferring_ = false;
    waiting_.pop_front();
  }
}

/// True when the request is answered.
bool membership::go_on(membership_request& first, replica& member, steady_time now, raft_time_ms raft_now) {
  const auto answer = [&first](result<void> what) {
    std::exchange(first.done, nullptr)(std::move(what));
    return true;
  };
  if (submitted_) return member.configuration().index >= *submitted_ && answer({});
  if (transferring_) {
    if (member.transferee() != 0) return false;
    return answer(refusal(error_kind::timeout, "the member did not take over in time"));
  }
  if (!member.may_propose()) return false;
  began_in_ = member.term();
  if (first.what == membership_step::transfer) {
    const member_id to = first.id != 0 ? first.id : furthest(member, raft_now);
    if (to == 0) return answer(refusal(error_kind::conflict, "there is no other voter"));
    auto began = member.transfer(raft_now, to);
    if (!began) return answer(std::move(began));
    transferring_ = true;
    return false;
  }
  auto planned = plan_membership(member.configuration().servers, first);
  if (!planned) return answer(std::move(planned).error());
  if (!*planned) return answer({});
  if (first.what == membership_step::promote) {
    const auto progress = member.progress(raft_now);
    const auto its = std::ranges::find(progress, first.id, &member_progress::id);
    if (its == progress.end() || !its->caught_up) {
      if (now < first.until) return false;
      return answer(refusal(error_kind::timeout, "the member has not caught up in time"));
    }
  }
  auto changed = member.change_members(raft_now, **std::move(planned));
  if (!changed) {
    // Another leader's change that this one only just took over will be committed presently.
    if (changed.error().kind == error_kind::conflict) return false;
    return answer(std::move(changed).error());
  }
  if (!member.running()) return false; // the disk was full: the next round ends it
  submitted_ = *changed;
  return false;
}

void membership::end(const replica& member, const char* why) {
  const bool handed_over = transferring_ && member.running();
  const bool in_doubt = submitted_.has_value();
  const bool applied = in_doubt && member.configuration().index >= *submitted_;
  bool first = true;
  for (membership_request& one : std::exchange(waiting_, {})) {
    if (first && (handed_over || applied))
      one.done({});
    else
      one.done(refusal(first && in_doubt ? error_kind::timeout : error_kind::unavailable, why));
    first = false;
  }
  submitted_.reset();
  transferring_ = false;
}

} // namespace actord::storage
