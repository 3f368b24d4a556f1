#include "schema/base/always.hpp"
#include "storage/leader_errors.hpp"
#include "storage/member/store_engine.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

/// What the store's own thread does; what others may call is in store_engine.cpp.

namespace actord::storage {
namespace {

using namespace std::chrono_literals;

constexpr auto compaction_interval = 30s;
constexpr auto tidy_interval = 10s;
constexpr auto full_retry_interval = 5s;
/// Batches sealed and not applied: beyond this, waiting makes the next batch bigger and the queue shorter.
constexpr std::size_t max_batches_in_flight = 4;
/// How often a change of members that waits for something is looked at, and progress is published.
constexpr auto membership_interval = 50ms;

error unavailable(std::string why) {
  error out;
  out.kind = error_kind::unavailable;
  out.message = std::move(why);
  return out;
}

} // namespace

result<void> store_engine::start() {
  member_identity identity;
  member_state state;
  {
    const auto view = parts_.disk->read();
    identity = load_identity(*view);
    state = load_state(*view);
    proposer_.remember(load_requests(*view), {});
  }
  ALWAYS(identity.member != 0);
  cluster_ = identity.cluster;
  hub_ = std::make_unique<watch_hub>(open_view_, state.last,
                                     watch_hub::limits{parts_.limits.watch_buffer_bytes, 16384});
  const steady_time now = parts_.clock.steady_now();
  next_compaction_ = now + compaction_interval;
  next_tidy_ = now + tidy_interval;
  next_check_ = now + parts_.check_interval;
  compacted_at_bytes_ = state.logged_bytes;
  replica_ =
      std::make_unique<replica>(replica_parts{*parts_.disk, parts_.codec, outgoing_, *this, parts_.timing,
                                              static_cast<unsigned>(parts_.random.next()), parts_.wrong});
  const auto send = [this](member_id to, const member_note& note) { outgoing_.send(to, encode_note(note)); };
  reads_.emplace(parts_.random.next(), send);
  snapshots_out_.emplace(*parts_.disk, parts_.random, send);
  snapshot_in_.emplace(*parts_.disk, send);
  scrub_.emplace(*parts_.disk);
  agreement_.emplace(send);
  auto started = replica_->start(raft_now());
  if (!started) return started;
  follow_role();
  publish_status();
  tell_leadership();
  return {};
}

void store_engine::loop() {
  std::unique_lock hold(mutex_);
  while (!stopping_) {
    if (inbox_.empty() && !may_seal()) {
      const steady_time now = parts_.clock.steady_now();
      const steady_time until = next_deadline();
      if (until > now) changed_.wait_for(hold, until - now);
    }
    hold.unlock();
    step();
    hold.lock();
  }
}

bool store_engine::has_work() const { return may_seal() || has_mail(); }
bool store_engine::has_mail() const {
  const std::scoped_lock hold(mutex_);
  return !inbox_.empty();
}

/// Something waits for a batch, and one may be made (or all of it be refused).
bool store_engine::may_seal() const {
  // Who leads and may not propose yet, or hands leadership over, knows more presently: proposals wait.
  if (proposing_in_.value == 0) return !waiting_.empty() && !replica_->leading();
  if (waiting_.empty() && !compact_more_ && !agreed_) return false;
  return answers_.size() < max_batches_in_flight;
}

steady_time store_engine::next_deadline() const {
  if (scrub_->under_way()) return steady_time{};
  steady_time first = std::min({next_compaction_, next_tidy_, next_check_});
  if (!writable_) first = std::min(first, next_retry_);
  first = std::min(first, waiters_.deadline());
  if (replica_->running() && !replica_->alone()) {
    first = std::min(first, steady_time{std::chrono::milliseconds(replica_->deadline())});
  }
  first = std::min({first, reads_->deadline(), snapshot_in_->deadline()});
  if (!membership_.idle()) first = std::min(first, parts_.clock.steady_now() + membership_interval);
  return first;
}

raft_time_ms store_engine::raft_now() const {
  const auto since = parts_.clock.steady_now().time_since_epoch();
  return static_cast<raft_time_ms>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

void store_engine::step() {
  take_inbox();
  hear_members();
  const raft_time_ms now = raft_now();
  // What a member said before it went is heard first.
  for (const member_id one : std::exchange(gone_, {})) replica_->gone(now, one);
  if (std::exchange(removed_, false)) replica_->leave(now);
  if (replica_->running() && !replica_->alone() && now >= replica_->deadline()) replica_->tick(now);
  follow_role();
  membership_.tend(*replica_, parts_.clock.steady_now(), now);
  follow_role();
  tend();
  if (proposing_in_.value != 0) {
    if (may_seal()) seal_and_submit();
  } else if (!waiting_.empty() && !replica_->leading()) {
    refuse_waiting(no_proposals());
  }
  tend_reads();
  // When another batch follows at once, its transaction applies what is committed by now.
  if (!may_seal()) replica_->settle(raft_now());
  follow_role();
  tend_reads();
  tell_leadership();
}

void store_engine::take_inbox() {
  inbox taken;
  {
    const std::scoped_lock hold(mutex_);
    std::swap(taken, inbox_);
    message_bytes_ = 0;
  }
  messages_ = std::move(taken.messages);
  if (waiting_.empty()) {
    waiting_ = std::move(taken.proposals);
  } else {
    std::ranges::move(taken.proposals, std::back_inserter(waiting_));
  }
  for (auto& ready : taken.reads) reads_->ask(std::move(ready), parts_.clock.steady_now());
  for (revision_waiter& one : taken.waiters) waiters_.add(std::move(one));
  for (membership_request& one : taken.membership) membership_.ask(std::move(one));
  if (!taken.waiters.empty()) waiters_.fire(readable(), parts_.clock.steady_now());
  gone_ = std::move(taken.gone);
  removed_ = taken.removed;
}

void store_engine::hear_members() {
  for (auto& [from, bytes] : std::exchange(messages_, {})) {
    const auto whole = arriving_.put_together(from, bytes);
    if (!whole) continue;
    if (is_note(*whole)) {
      if (const auto note = decode_note(*whole)) hear_note(from, *note);
      continue;
    }
    replica_->receive(raft_now(), from, *whole);
  }
  if (!may_seal()) replica_->settle(raft_now());
}

void store_engine::hear_note(member_id from, const member_note& note) {
  const steady_time now = parts_.clock.steady_now();
  if (const auto* asked = std::get_if<snapshot_question>(&note)) {
    snapshots_out_->hear(from, *asked, replica_->leading(), now);
  } else if (const auto* part = std::get_if<snapshot_part>(&note)) {
    if (auto whole = snapshot_in_->hear(from, *part, now)) install(*std::move(whole));
  } else if (const auto* gone = std::get_if<snapshot_gone>(&note)) {
    snapshot_in_->hear(from, *gone, now);
  } else if (const auto* question = std::get_if<state_question>(&note)) {
    agreement_->hear(from, *question, *replica_);
  } else if (const auto* told = std::get_if<state_answer>(&note)) {
    agreement_->hear(from, *told);
  } else {
    reads_->hear(from, note, view_of_reads());
  }
}

void store_engine::snapshot_offered(member_id from) {
  snapshot_in_->offered(from, parts_.clock.steady_now());
}

/// What others saw of this store so far is the past; they learn of a gap as of a history that is compacted.
void store_engine::install(received_snapshot snapshot) {
  const member_id from = snapshot.from;
  if (!replica_->install(raft_now(), std::move(snapshot))) return snapshot_in_->forget();
  const member_state& state = replica_->state();
  spdlog::info("store: a snapshot of member {} is in place, up to revision {}", from, state.last.value);
  proposer_.forget_all_requests();
  proposer_.remember(load_requests(*parts_.disk->read()), {});
  publish_status();
  hub_->jump(state.last);
  waiters_.fire(readable(), parts_.clock.steady_now());
}

/// Begins to propose once everything of earlier terms is applied, ends when this member no longer leads.
void store_engine::follow_role() {
  const raft_term may = replica_->may_propose() ? replica_->term() : raft_term{};
  if (may == proposing_in_) return;
  proposing_in_ = may;
  compact_more_ = false;
  agreed_.reset();
  if (may.value != 0) proposer_.lead(may, replica_->state());
  publish_status();
}

void store_engine::seal_and_submit() {
  compaction_plan compaction;
  batch_orders orders;
  orders.check = std::exchange(agreed_, std::nullopt);
  const auto view = parts_.disk->read();
  if (compact_more_) {
    compaction = plan_compaction(*view, replica_->state(), now(),
                                 {parts_.limits.history_age, parts_.limits.history_bytes, 8U << 20U});
    compact_more_ = compaction.more;
    orders.compaction = compaction.order;
  }
  const raft_index index{replica_->last_index().value + 1};
  sealing_result sealed =
      proposer_.seal(waiting_, *view, index, {parts_.limits.batch_bytes, parts_.limits.batch_time}, orders);
  {
    const std::scoped_lock hold(mutex_);
    queued_ -= sealed.taken;
    queued_bytes_ -= sealed.taken_bytes;
  }
  answer(sealed.now);
  if (!sealed.batch) {
    if (!sealed.after.empty()) {
      ALWAYS(!answers_.empty());
      std::ranges::move(sealed.after, std::back_inserter(answers_.back().answers));
    }
    return;
  }
  answers_.push_back({index, std::move(sealed.after)});
  if (!replica_->submit(raft_now(), *std::move(sealed.batch))) {
    end_unapplied([] { return unknown{"this member stopped leading"}; });
  }
}

void store_engine::refuse_waiting(const error& why) {
  std::deque<waiting_proposal> refused_now;
  std::swap(refused_now, waiting_);
  std::size_t bytes = 0;
  for (const waiting_proposal& one : refused_now) bytes += one.bytes;
  {
    const std::scoped_lock hold(mutex_);
    queued_ -= refused_now.size();
    queued_bytes_ -= bytes;
  }
  for (waiting_proposal& one : refused_now) one.done(refused{0, why});
}

/// What was sealed and is not applied will not be told by this member.
void store_engine::end_unapplied(const std::function<outcome()>& what) {
  proposer_.heads().clear();
  std::deque<pending_answers> ended;
  std::swap(ended, answers_);
  for (pending_answers& batch : ended) {
    for (ready_answer& one : batch.answers) one.done(what());
  }
}

void store_engine::answer(std::vector<ready_answer>& answers) {
  for (ready_answer& one : answers) one.done(std::move(one.what));
  answers.clear();
}

void store_engine::applied(applied_batch told, const member_state& state) {
  publish_status();
  proposer_.remember(std::move(told.requests), told.forgotten_requests);
  proposer_.applied(state.applied);
  if (!told.events.empty()) {
    hub_->publish(std::make_shared<const std::vector<store_event>>(std::move(told.events)));
  }
  waiters_.fire(readable(), parts_.clock.steady_now());
  while (!answers_.empty() && answers_.front().index <= state.applied) {
    std::vector<ready_answer> answers = std::move(answers_.front().answers);
    answers_.pop_front();
    answer(answers);
  }
}

void store_engine::role_changed() {
  if (!replica_->leading()) end_unapplied([] { return unknown{"this member stopped leading"}; });
}

void store_engine::disk_full(const error& why) {
  spdlog::error("store: {}", why.message);
  writable_ = false;
  next_retry_ = parts_.clock.steady_now() + full_retry_interval;
  bool alone = false;
  {
    const std::scoped_lock hold(mutex_);
    alone = alone_;
  }
  // Alone, nothing had left this member: the batch simply did not happen.
  if (alone) {
    end_unapplied([&why] { return refused{0, why}; });
  } else {
    end_unapplied([] { return unknown{"the disk of this member is full"}; });
  }
  proposing_in_ = {};
  compact_more_ = false;
  agreed_.reset();
  publish_status();
}

void store_engine::fenced(const std::string& why) {
  spdlog::error(
      "store: the state of this member is not what it must be: {}; it answers nothing until another "
      "member has sent it the state",
      why);
  end_unapplied([] { return unknown{"the state of this member is damaged"}; });
  proposing_in_ = {};
  compact_more_ = false;
  agreed_.reset();
  publish_status();
}

/// What a reader may be shown: of a state that is not what it must be, nothing.
revision store_engine::readable() const { return replica_->fenced() ? revision{} : replica_->state().last; }

error store_engine::no_proposals() const {
  if (replica_->fenced()) return unavailable("the state of this member is damaged and is being replaced");
  return writable_ ? not_leading("this member does not lead the store")
                   : unavailable("the store's disk is full: nothing can be written");
}

reading_view store_engine::view_of_reads() const {
  reading_view view;
  view.self = replica_->identity().member;
  view.term = replica_->term();
  view.leader = replica_->leader();
  view.serving = replica_->may_serve_reads();
  view.committed = replica_->committed();
  view.applied = replica_->state().applied;
  for (const raft_server& server : replica_->newest_configuration().servers)
    if (server.voter) view.voters.push_back(server.id);
  return view;
}

void store_engine::tend_reads() {
  if (reads_->idle()) return;
  if (replica_->fenced()) return reads_->end(no_proposals());
  reads_->tend(view_of_reads(), parts_.clock.steady_now());
}

/// What has to happen now and then.
void store_engine::tend() {
  const steady_time now = parts_.clock.steady_now();
  waiters_.fire(readable(), parts_.clock.steady_now());
  if (now >= next_status_ && replica_->leading() && !replica_->alone()) {
    next_status_ = now + membership_interval;
    publish_status();
  }
  snapshot_in_->tend(now);
  if (now >= next_tidy_) {
    next_tidy_ = now + tidy_interval;
    snapshots_out_->tend(now);
    parts_.disk->tidy_readers();
  }
  tend_checks(now);
  const std::uint64_t logged = replica_->state().logged_bytes;
  if (now >= next_compaction_ || logged - compacted_at_bytes_ > parts_.limits.history_bytes / 8) {
    next_compaction_ = now + compaction_interval;
    compacted_at_bytes_ = logged;
    compact_more_ = proposing_in_.value != 0;
  }
  if (!writable_ && now >= next_retry_) {
    next_retry_ = now + full_retry_interval;
    if (replica_->start(raft_now())) {
      spdlog::info("store: the disk has space again");
      writable_ = true;
      follow_role();
    }
  }
}

/// Is the state what it must be: on this disk, and compared with others'?
void store_engine::tend_checks(steady_time now) {
  if (now >= next_check_) {
    next_check_ = now + parts_.check_interval;
    if (!replica_->fenced()) scrub_->begin();
    if (replica_->may_propose() && !replica_->alone()) agreement_->ask(*replica_, now);
  }
  if (!scrub_->go_on()) {
    spdlog::error("store: the objects on this disk are not what was written");
    replica_->fence(raft_now(), "its objects are not what was written");
  }
  state_verdict verdict = agreement_->tend(*replica_, now);
  if (verdict.agreed && proposing_in_.value != 0) agreed_ = verdict.agreed;
  if (!verdict.own_is_wrong.empty()) replica_->fence(raft_now(), verdict.own_is_wrong);
}

void store_engine::publish_status() {
  const member_state& state = replica_->state();
  const std::scoped_lock hold(mutex_);
  status_.leading = replica_->leading();
  is_fenced_ = replica_->fenced();
  status_.writable = writable_ && !is_fenced_;
  status_.self = replica_->identity().member;
  // Nobody may take what this member has for what its leader has.
  status_.leader = is_fenced_ ? 0 : replica_->leader();
  if (!replica_->alone()) status_.progress = replica_->progress(raft_now());
  if (members_at_ != replica_->configuration().index) members_ = replica_->configuration().servers;
  members_at_ = replica_->configuration().index;
  status_.term = replica_->term();
  status_.last = state.last;
  status_.applied = state.applied.value;
  status_.state_hash = state.hash;
  status_.compacted = state.history_from();
  status_.log_first = state.log_begin().value;
  status_.log_last = std::max(replica_->last_index(), state.applied).value;
  logged_time_ = state.time;
  alone_ = replica_->alone();
}

void store_engine::tell_leadership() {
  if (members_at_ != replica_->configuration().index) publish_status();
  const leadership news{proposing_in_.value != 0, replica_->term(),
                        replica_->fenced() ? 0 : replica_->leader()};
  if (news == told_) return;
  told_ = news;
  publish_status();
  board_.tell(news);
}

} // namespace actord::storage
