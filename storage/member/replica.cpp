#include "storage/member/replica.hpp"

#include "schema/base/always.hpp"
#include "storage/layout.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace actord::storage {
namespace {

/// Of what a transaction applies besides what it appends: votes wait for the writer.
constexpr std::size_t apply_limit_bytes = 4U << 20U;
/// A member that lacks no more than this follows as fast as it is sent to.
constexpr std::uint64_t caught_up_entries = 16;
/// Of how many applied entries the hash of the state is remembered.
constexpr std::size_t remembered_hashes = 4096;

raft_memory recall(const kv::read_view& view, const member_state& state,
                   const raft_configuration& configuration) {
  raft_memory memory;
  memory.vote = load_vote(view);
  memory.applied = state.applied;
  memory.applied_term = state.applied_term;
  memory.configuration = configuration;
  memory.log_first = state.log_begin();
  const log_reader log(view);
  memory.log_last = log.bounds().second;
  if (memory.log_last.value == 0) memory.log_last = state.applied;
  if (memory.log_last >= memory.log_first) memory.terms = log_terms(view, memory.log_first);
  for (raft_index index{state.applied.value + 1}; index <= memory.log_last; ++index.value) {
    const auto front = log.front(index);
    ALWAYS(front);
    if (front->kind == entry_kind::change)
      memory.changes.emplace_back(index, decode_servers(*log.entry(index)->payload));
  }
  return memory;
}

/// libraft takes a change only as the first new entry of a message (it would note the wrong index), so a
/// message is cut before every change.
std::vector<raft_message> cut_at_changes(raft_message message) {
  std::vector<raft_message> out;
  auto* const whole = std::get_if<append_message>(&message.body);
  if (whole == nullptr || whole->entries.size() < 2) {
    out.push_back(std::move(message));
    return out;
  }
  append_message piece{whole->previous, whole->previous_term, whole->leader_commit, 0, {}};
  const auto flush = [&] {
    append_message next{raft_index{piece.previous.value + piece.entries.size()},
                        piece.entries.back().term,
                        piece.leader_commit,
                        0,
                        {}};
    piece.entry_count = static_cast<std::uint32_t>(piece.entries.size());
    out.push_back({message.peer, message.term, std::exchange(piece, std::move(next))});
  };
  for (log_entry& entry : whole->entries) {
    if (entry.kind == entry_kind::change && !piece.entries.empty()) flush();
    piece.entries.push_back(std::move(entry));
  }
  flush();
  return out;
}

error not_possible(error_kind kind, std::string why) {
  error out;
  out.kind = kind;
  out.message = std::move(why);
  return out;
}

} // namespace

result<void> initialise_member(kv::environment& disk, const member_identity& identity,
                               const std::vector<raft_server>& servers) {
  ALWAYS(load_identity(*disk.read()).member == 0 && identity.member != 0 && !identity.cluster.empty());
  const auto batch = disk.write();
  const raft_term first_term{1};
  const raft_index first{1};
  save_identity(*batch, identity);
  append_entry(*batch, first,
               {first_term, entry_kind::change, std::make_shared<const std::string>(encode_servers(servers))},
               true);
  save_configuration(*batch, {first, servers});
  save_vote(*batch, {first_term, 0});
  member_state state;
  state.applied = first;
  state.applied_term = first_term;
  save_state(*batch, state);
  return batch->commit();
}

result<void> initialise_joining(kv::environment& disk, const member_identity& identity) {
  ALWAYS(load_identity(*disk.read()).member == 0 && identity.member != 0 && !identity.cluster.empty());
  const auto batch = disk.write();
  save_identity(*batch, identity);
  return batch->commit();
}

replica::replica(const replica_parts& parts) : parts_(parts) {}
replica::~replica() = default;

result<void> replica::start(raft_time_ms now) {
  ALWAYS(core_ == nullptr);
  raft_memory memory;
  {
    const auto view = parts_.disk.read();
    identity_ = load_identity(*view);
    ALWAYS(identity_.member != 0);
    state_ = load_state(*view);
    if (!state_.hashed) {
      state_.hash = compute_hash(*view);
      state_.hashed = true;
    }
    configuration_ = load_configuration(*view);
    memory = recall(*view, state_, configuration_);
    fenced_ = !load_fence(*view).empty();
    if (auto sound = check_log(*view, memory.log_last); !sound) return sound;
  }
  tail_.clear();
  tail_bytes_ = 0;
  gathered_.clear();
  gathered_bytes_ = 0;
  sealed_.clear();
  last_ = memory.log_last;
  last_term_ = memory.terms.empty() ? state_.applied_term : memory.terms.back().second;
  newest_ = memory.changes.empty()
                ? configuration_
                : raft_configuration{memory.changes.back().first, memory.changes.back().second};
  note_members();
  hashes_.assign(1, {state_.applied, state_.hash});
  wrong_.reset();
  if (auto checked = check_state(*parts_.disk.read()); !checked) return checked;
  if (newest_.is_only_voter(identity_.member)) {
    // libraft makes a sole voter leader without a new term; two runs of it must not share one.
    ++memory.vote.term.value;
    memory.vote.voted_for = identity_.member;
    const auto batch = parts_.disk.write();
    save_vote(*batch, memory.vote);
    if (auto saved = batch->commit(); !saved) return saved;
  }
  core_ = std::make_unique<consensus>(identity_.member, parts_.seed, parts_.timing);
  trimmed_told_ = state_.log_begin();
  noticed_ = {};
  barrier_ = {};
  heard_.clear();
  followed_ = state_.applied;
  carry_out(now, core_->start(now, memory));
  if (fenced_ || left_) core_->only_follow();
  settle(now);
  return {};
}

/// Begins anew from the disk, in the same process.
void replica::restart(raft_time_ms now) {
  core_.reset();
  changes_.clear();
  if (auto started = start(now); !started) stop_full(started.error());
}

void replica::receive(raft_time_ms now, member_id from, std::string_view bytes) {
  if (core_ == nullptr) return;
  auto message = decode_message(from, bytes);
  if (!message) {
    spdlog::warn("store: dropped a message of member {}: {}", from, message.error().message);
    return;
  }
  if (const auto* offer = std::get_if<install_message>(&message->body))
    return hear_offer(from, message->term, offer->last);
  if (fenced_ && std::holds_alternative<timeout_now_message>(message->body)) return;
  // Whoever leads has what this member lacks.
  if (fenced_ && std::holds_alternative<append_message>(message->body) && message->term >= term())
    parts_.listener.snapshot_offered(from);
  hear(now, std::move(*message));
}

void replica::hear(raft_time_ms now, raft_message message) {
  if (std::holds_alternative<append_result_message>(message.body) && message.term == term())
    heard_[message.peer] = now;
  for (raft_message& piece : cut_at_changes(std::move(message))) {
    if (core_ == nullptr) return;
    carry_out(now, core_->receive(now, std::move(piece)));
  }
}

void replica::hear_offer(member_id from, raft_term of, raft_index last) {
  if (of != term() || leading()) return;
  if (last <= state_.applied) return tell_all_is_here(from);
  parts_.listener.snapshot_offered(from);
}

void replica::tell_all_is_here(member_id to) {
  raft_message here{to, term(), append_result_message{{}, state_.applied, 0, 0}};
  send(here);
}

bool replica::install(raft_time_ms now, received_snapshot snapshot) {
  write_gathered(now);
  if (core_ == nullptr || leading() || snapshot.summary.state.applied < state_.applied) return false;
  if (snapshot.summary.state.applied == state_.applied && !fenced_) return false;
  if (auto ready = complete(*snapshot.scratch, snapshot.summary); !ready) {
    spdlog::error("store: the snapshot cannot be completed: {}", ready.error().message);
    return false;
  }
  core_.reset();
  changes_.clear();
  auto adopted = parts_.disk.adopt(std::move(snapshot.scratch));
  if (!adopted) spdlog::error("store: the snapshot cannot take its place: {}", adopted.error().message);
  if (auto started = start(now); !started) {
    stop_full(started.error());
    return false;
  }
  if (adopted) tell_all_is_here(snapshot.from);
  return adopted.has_value();
}

/// Writes what only this member knows into the scratch map, in the commit that ends the fetching.
result<void> replica::complete(kv::environment& scratch, snapshot_summary& summary) {
  const auto own = parts_.disk.read();
  const auto out = scratch.write();
  member_state& state = summary.state;
  state.floor_index = state.applied;
  state.floor = state.last;
  save_identity(*out, identity_);
  // It may come from a leader of a term this member has not heard of otherwise.
  hard_state vote = load_vote(*own);
  if (vote.term < state.applied_term) vote = {state.applied_term, 0};
  save_vote(*out, vote);
  save_state(*out, state);
  save_marks(*out, summary.marks);
  save_configuration(*out, summary.configuration);
  note_term(*out, state.applied, state.applied_term);
  out->erase(kv::table::meta, layout::meta_incoming);
  // Entries of this member's log that go on from there may have been counted on by a leader.
  const log_reader log(*own);
  const auto there = log.front(state.applied);
  if (there && there->term == state.applied_term) {
    raft_term last = state.applied_term;
    for (raft_index index{state.applied.value + 1}; index <= last_ && !out->full(); ++index.value) {
      const auto entry = log.entry(index);
      ALWAYS(entry);
      append_entry(*out, index, *entry, entry->term != last);
      last = entry->term;
    }
  }
  return out->commit();
}

void replica::gone(raft_time_ms now, member_id other) {
  if (core_ != nullptr && !alone_) core_->gone(now, other);
}

void replica::leave(raft_time_ms now) {
  if (left_ || core_ == nullptr || leading() || newest_.is_only_voter(identity_.member)) return;
  left_ = true;
  // As a follower: it may be standing at this moment.
  restart(now);
}

void replica::tick(raft_time_ms now) {
  if (core_ == nullptr || alone_) return;
  // Left as the only voter by a leader that removed itself: libraft would lead in that leader's own term.
  if (!leading() && newest_.is_only_voter(identity_.member)) return restart(now);
  carry_out(now, core_->tick(now));
}

result<raft_index> replica::change_members(raft_time_ms now, std::vector<raft_server> members) {
  if (!may_propose()) return not_possible(error_kind::unavailable, "this member does not lead the store");
  if (newest_.index != configuration_.index || !changes_.empty())
    return not_possible(error_kind::conflict, "another change of the members is under way");
  ALWAYS(!members.empty() && members.size() <= max_members);
  auto plan = core_->submit(
      now, {{term(), entry_kind::change, std::make_shared<const std::string>(encode_servers(members))}});
  if (!plan) return not_possible(error_kind::unavailable, "this member does not lead the store");
  const raft_index index = plan->append_first;
  // Alone until now: others may need what is written from here on.
  alone_ = false;
  carry_out(now, *std::move(plan));
  return index;
}

result<void> replica::transfer(raft_time_ms now, member_id to) {
  const raft_server* const found = newest_.find(to);
  if (found == nullptr || !found->voter || to == identity_.member)
    return not_possible(error_kind::bad_request, "leadership can only go to another voter");
  if (!may_propose()) return not_possible(error_kind::unavailable, "this member does not lead the store");
  auto plan = core_->transfer(now, to);
  ALWAYS(plan);
  // Should it fail, this member proposes again only once all that is under way is applied.
  barrier_ = last_;
  carry_out(now, *std::move(plan));
  return {};
}

std::vector<member_progress> replica::progress(raft_time_ms now) const {
  std::vector<member_progress> out;
  if (!leading()) return out;
  for (const raft_server& server : newest_.servers) {
    member_progress one{server.id, 0, true};
    one.matched = server.id == identity_.member ? last_.value : core_->matched(server.id).value;
    if (server.id != identity_.member) {
      const auto heard = heard_.find(server.id);
      one.caught_up = heard != heard_.end() && now - heard->second <= parts_.timing.election_ms &&
                      one.matched + caught_up_entries >= last_.value;
    }
    out.push_back(one);
  }
  return out;
}

std::optional<raft_index> replica::submit(raft_time_ms now, sealed_batch batch) {
  if (!may_propose()) return std::nullopt;
  const raft_index index{last_.value + 1};
  sealed_.emplace_back(index, std::move(batch.values));
  auto plan = core_->submit(
      now, {{term(), entry_kind::command, std::make_shared<const std::string>(std::move(batch.payload))}});
  if (!plan) {
    sealed_.pop_back();
    return std::nullopt;
  }
  ALWAYS(plan->append_first == index);
  carry_out(now, *std::move(plan));
  return index;
}

void replica::settle(raft_time_ms now) {
  write_gathered(now);
  if (fenced_) return follow_changes(now);
  while (core_ != nullptr && core_->commit_index() > state_.applied) {
    const auto out = parts_.disk.write();
    applied_batch told;
    apply_through(*out, core_->commit_index(), told);
    if (!commit(*out, std::move(told))) return fence_if_wrong(now);
  }
  if (core_ == nullptr) return;
  for (raft_configuration& change : std::exchange(changes_, {})) {
    configuration_ = std::move(change);
    note_members();
    carry_out(now, core_->configured(now, configuration_));
    if (core_ == nullptr) return;
  }
  if (leading() && !alone_) send_commit_notice();
  after_trim(now);
}

bool replica::leading() const { return core_ != nullptr && core_->role() == raft_role::leader; }
bool replica::may_propose() const {
  if (parts_.wrong.stamps_before_barrier) return leading() && core_->transferee() == 0;
  return leading() && barrier_.value != 0 && state_.applied >= barrier_ && core_->transferee() == 0;
}
raft_term replica::term() const { return core_ == nullptr ? raft_term{} : core_->vote().term; }
member_id replica::leader() const { return core_ == nullptr ? 0 : core_->leader(); }
raft_time_ms replica::deadline() const { return core_->deadline(); }

/// Carries out a plan and those that follow from it, oldest first.
void replica::carry_out(raft_time_ms now, raft_plan plan) {
  for (bool again = true; again;) {
    again = false;
    const bool role = plan.role_changed || plan.vote_changed;
    if (!carry_out_once(now, plan)) return fence_if_wrong(now);
    const bool wrote = plan.append_first.value != 0;
    if (plan.role_changed) note_role(plan);
    if (role) parts_.listener.role_changed();
    if (wrote) {
      plan = core_->persisted(now, last_);
      again = true;
    } else if (leading() && !alone_ && barrier_.value == 0) {
      auto barrier =
          core_->submit(now, {{term(), entry_kind::barrier, std::make_shared<const std::string>()}});
      ALWAYS(barrier);
      barrier_ = served_from_ = barrier->append_first;
      plan = *std::move(barrier);
      again = true;
    }
  }
}

bool replica::carry_out_once(raft_time_ms now, raft_plan& plan) {
  if (plan.vote_changed) {
    const auto batch = parts_.disk.write();
    save_vote(*batch, core_->vote());
    if (auto saved = batch->commit(); !saved) {
      stop_full(saved.error());
      return false;
    }
  }
  if (parts_.wrong.persisted_too_late && plan.append_first.value != 0 && plan.append_first <= last_) {
    for (raft_message& message : core_->persisted(now, last_).messages) send(message);
  }
  if (plan.append_first.value != 0) remember(plan.append_first, plan.append);
  for (raft_message& message : plan.messages) send(message);
  if (may_gather(plan)) gather(plan);
  return plan.append_first.value == 0 || write(plan);
}

void replica::note_role(const raft_plan& plan) {
  heard_.clear();
  if (!leading()) {
    barrier_ = {};
    sealed_.clear();
    return;
  }
  noticed_ = {};
  // Zero asks carry_out for one, unless libraft submitted its own with this very plan or nothing can be in
  // doubt.
  barrier_ = served_from_ = alone_ ? raft_index{1} : plan.append_first;
}

void replica::note_members() {
  const auto only = [this](const raft_configuration& of) {
    return of.servers.size() == 1 && of.servers.front().voter && of.servers.front().id == identity_.member;
  };
  alone_ = only(configuration_) && only(newest_);
}

/// Appends the plan's entries and, in the same transaction, applies what is committed: for a lone voter that
/// is all.
bool replica::write(raft_plan& plan) {
  const auto out = parts_.disk.write();
  append(*out, raft_index{last_.value + 1 - gathered_.size()}, gathered_);
  gathered_.clear();
  gathered_bytes_ = 0;
  if (plan.append_first <= last_) {
    ALWAYS(plan.append_first > state_.applied);
    truncate_log(*out, plan.append_first);
    while (!sealed_.empty() && sealed_.back().first >= plan.append_first) sealed_.pop_back();
    const auto before = log_reader(*out).front(raft_index{plan.append_first.value - 1});
    last_term_ = before ? before->term : state_.applied_term;
    if (newest_.index >= plan.append_first) newest_ = newest_below(*out, plan.append_first);
  }
  append(*out, plan.append_first, plan.append);
  applied_batch told;
  const raft_index through = fenced_ ? state_.applied
                             : alone_
                                 ? last_
                                 : std::min(core_->commit_index(), raft_index{plan.append_first.value - 1});
  apply_through(*out, through, told);
  if (alone_) {
    tail_.clear();
    tail_bytes_ = 0;
  }
  return commit(*out, std::move(told));
}

void replica::apply_through(kv::write_batch& out, raft_index through, applied_batch& told) {
  std::size_t bytes = 0;
  while (state_.applied < through && (alone_ || bytes < apply_limit_bytes)) {
    const raft_index next{state_.applied.value + 1};
    const log_entry entry = entry_at(out, next);
    bytes += entry.payload->size();
    if (!apply_entry(out, next, entry, told)) break;
  }
  if (!out.full()) save_state(out, state_);
}

bool replica::apply_entry(kv::write_batch& out, raft_index index, const log_entry& entry,
                          applied_batch& told) {
  if (entry.kind == entry_kind::command) {
    std::vector<sealed_value> sealed;
    if (!sealed_.empty() && sealed_.front().first == index) {
      sealed = std::move(sealed_.front().second);
      sealed_.pop_front();
    }
    apply_batch(out, parts_.codec, index, *entry.payload, sealed, state_, told);
    compare_hashes(index, *entry.payload);
  } else if (entry.kind == entry_kind::change) {
    raft_configuration change{index, decode_servers(*entry.payload)};
    save_configuration(out, change);
    changes_.push_back(std::move(change));
  }
  ALWAYS(entry.term >= state_.applied_term);
  state_.applied = index;
  state_.applied_term = entry.term;
  hashes_.push_back({index, state_.hash});
  if (hashes_.size() > remembered_hashes) hashes_.pop_front();
  return !out.full();
}

bool replica::commit(kv::write_batch& out, applied_batch told) {
  if (auto committed = out.commit(); !committed) {
    stop_full(committed.error());
    return false;
  }
  parts_.listener.applied(std::move(told), state_);
  return !wrong_;
}

void replica::stop_full(const error& why) {
  core_.reset();
  changes_.clear();
  gathered_.clear();
  gathered_bytes_ = 0;
  sealed_.clear();
  state_ = load_state(*parts_.disk.read());
  parts_.listener.disk_full(why);
}

void replica::after_trim(raft_time_ms now) {
  if (state_.log_begin() <= trimmed_told_) return;
  trimmed_told_ = state_.log_begin();
  carry_out(now,
            core_->compacted(now, state_.applied, state_.applied_term, state_.log_begin(), configuration_));
}

void replica::send(raft_message& message) {
  if (auto* append = std::get_if<append_message>(&message.body)) fill(*append);
  if (auto* answer = std::get_if<append_result_message>(&message.body)) {
    // What is applied is committed and equal on all members, also where this one's log begins only above it.
    if (answer->rejected.value > 0 && answer->rejected <= state_.applied && message.term == term())
      *answer = {{}, state_.applied, answer->features, answer->capacity};
  }
  const member_id to = message.peer;
  parts_.transport.send(to, encode_message(message));
}

/// libraft would tell followers what is committed with the next heartbeat only; readers there wait for it.
void replica::send_commit_notice() {
  const raft_index committed = core_->commit_index();
  if (committed <= noticed_ || committed > state_.applied) return;
  noticed_ = committed;
  for (const raft_server& server : configuration_.servers) {
    if (server.id == identity_.member) continue;
    raft_message notice{server.id, term(), append_message{committed, state_.applied_term, committed, 0, {}}};
    send(notice);
  }
}

} // namespace actord::storage
