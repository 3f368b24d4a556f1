#include "storage/member/read_rounds.hpp"

#include <algorithm>
#include <iterator>

namespace actord::storage {
namespace {

using namespace std::chrono_literals;

/// Long enough for a new leader to be elected.
constexpr auto patience = 2s;
constexpr auto ask_again_after = 50ms;
/// Of members that ask; each has one question under way.
constexpr std::size_t max_remote = std::size_t{4} * max_members;

error not_confirmed() {
  error out;
  out.kind = error_kind::unavailable;
  out.message = "no leader of the store confirmed the read in time";
  out.retry_after_s = 1;
  return out;
}

void move_behind(auto& from, auto& to) {
  std::ranges::move(from, std::back_inserter(to));
  from.clear();
}

} // namespace

void read_rounds::ask(ready done, steady_time now) { waiting_.push_back({std::move(done), now + patience}); }

void read_rounds::hear(member_id from, const member_note& note, const reading_view& view) {
  if (const auto* asked = std::get_if<read_question>(&note)) {
    // Who does not serve stays silent: the member asks again, here or elsewhere.
    if (!view.serving || remote_.size() >= max_remote) return;
    if (settles_itself(from, asked->term, view))
      return send_(from, read_answer{asked->number, view.committed});
    std::erase_if(remote_, [from](const remote_read& one) { return one.from == from; });
    remote_.push_back({from, asked->number});
  } else if (const auto* answer = std::get_if<read_answer>(&note)) {
    if (answer->number != asked_) return;
    for (local_read& one : questioned_) applying_.push_back({answer->index, std::move(one)});
    questioned_.clear();
  } else if (const auto* question = std::get_if<term_question>(&note)) {
    if (question->term == view.term) send_(from, term_answer{question->term, question->round});
  } else if (const auto* yes = std::get_if<term_answer>(&note)) {
    if (round_under_way_ && yes->round == round_ && yes->term == round_under_way_->term)
      round_under_way_->said_yes.insert(from);
  }
}

void read_rounds::tend(const reading_view& view, steady_time now) {
  if (round_under_way_ && (!view.serving || round_under_way_->term != view.term)) {
    // Members ask again by themselves.
    move_behind(round_under_way_->local, waiting_);
    round_under_way_.reset();
  }
  if (view.serving) {
    move_behind(questioned_, waiting_);
    tend_round(view, now);
  } else {
    remote_.clear();
    tend_question(view, now);
  }
  std::vector<ready> on_time;
  std::vector<ready> late;
  std::erase_if(applying_, [&](applying_read& one) {
    if (one.index > view.applied) return false;
    on_time.push_back(std::move(one.read.done));
    return true;
  });
  expire(now, late);
  for (ready& done : on_time) done({});
  for (ready& done : late) done(not_confirmed());
}

void read_rounds::tend_round(const reading_view& view, steady_time now) {
  while (true) {
    if (!round_under_way_) {
      if (waiting_.empty() && remote_.empty()) return;
      ++round_;
      round_under_way_ =
          round{view.term, view.committed, std::exchange(waiting_, {}), std::exchange(remote_, {}), {}};
      again_ = now;
    }
    if (has_majority(*round_under_way_, view)) {
      finish_round();
      continue;
    }
    if (now < again_) return;
    again_ = now + ask_again_after;
    for (const member_id voter : view.voters)
      if (voter != view.self && !round_under_way_->said_yes.contains(voter))
        send_(voter, term_question{view.term, round_});
    return;
  }
}

void read_rounds::finish_round() {
  round done = std::move(*round_under_way_);
  round_under_way_.reset();
  for (local_read& one : done.local) applying_.push_back({done.index, std::move(one)});
  for (const remote_read& one : done.remote) send_(one.from, read_answer{one.number, done.index});
}

/// In the term of this leader when it asked, the one that asks had elected nobody newer; nor has this leader
/// by now. So nobody had, if the two are a majority: what was acknowledged before the question is committed
/// here.
bool read_rounds::settles_itself(member_id from, raft_term term, const reading_view& view) {
  round alone{view.term, view.committed, {}, {}, {}};
  if (term == view.term) alone.said_yes.insert(from);
  return has_majority(alone, view);
}

bool read_rounds::has_majority(const round& one, const reading_view& view) {
  const auto yes = std::ranges::count_if(
      view.voters, [&](member_id voter) { return voter == view.self || one.said_yes.contains(voter); });
  return static_cast<std::size_t>(yes) > view.voters.size() / 2;
}

void read_rounds::tend_question(const reading_view& view, steady_time now) {
  if (questioned_.empty()) {
    if (waiting_.empty()) return;
    move_behind(waiting_, questioned_);
    ++asked_;
    again_ = now;
  }
  if (view.leader == asked_of_ && now < again_) return;
  asked_of_ = view.leader;
  again_ = now + ask_again_after;
  if (view.leader == 0 || view.leader == view.self) return;
  send_(view.leader, read_question{asked_, view.term});
}

void read_rounds::expire(steady_time now, std::vector<ready>& late) {
  const auto sweep = [&](std::vector<local_read>& reads) {
    std::erase_if(reads, [&](local_read& one) {
      if (one.until > now) return false;
      late.push_back(std::move(one.done));
      return true;
    });
  };
  sweep(waiting_);
  sweep(questioned_);
  if (round_under_way_) sweep(round_under_way_->local);
  std::erase_if(applying_, [&](applying_read& one) {
    if (one.read.until > now) return false;
    late.push_back(std::move(one.read.done));
    return true;
  });
}

void read_rounds::end(const error& why) {
  std::vector<local_read> all = std::exchange(waiting_, {});
  move_behind(questioned_, all);
  if (round_under_way_) move_behind(round_under_way_->local, all);
  round_under_way_.reset();
  for (applying_read& one : std::exchange(applying_, {})) all.push_back(std::move(one.read));
  for (local_read& one : all) one.done(why);
}

steady_time read_rounds::deadline() const {
  steady_time first = steady_time::max();
  const auto note = [&first](const local_read& one) { first = std::min(first, one.until); };
  std::ranges::for_each(waiting_, note);
  std::ranges::for_each(questioned_, note);
  for (const applying_read& one : applying_) note(one.read);
  if (round_under_way_) std::ranges::for_each(round_under_way_->local, note);
  if (round_under_way_ || !questioned_.empty()) first = std::min(first, again_);
  return first;
}

} // namespace actord::storage
