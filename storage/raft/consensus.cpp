#include "storage/raft/consensus.hpp"

#include "schema/base/always.hpp"
#include "storage/raft/raft_core.h"

#include <algorithm>

namespace actord::storage {
namespace {

std::vector<raft_core_server> to_core(const std::vector<raft_server>& servers) {
  std::vector<raft_core_server> out;
  for (const raft_server& server : servers) {
    ALWAYS(server.id != 0);
    out.push_back({server.id, server.voter});
  }
  return out;
}

/// Entries as libraft sees them: it never learns what a command says.
struct core_entries {
  explicit core_entries(const std::vector<log_entry>& from) : servers(from.size()), entries(from.size()) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      ALWAYS(from[i].term.value > 0 && (i == 0 || from[i - 1].term <= from[i].term));
      entries[i] = {from[i].term.value, static_cast<int>(from[i].kind), nullptr, 0};
      if (from[i].kind != entry_kind::change) continue;
      servers[i] = to_core(decode_servers(*from[i].payload));
      entries[i].servers = servers[i].data();
      entries[i].server_count = servers[i].size();
    }
  }
  std::vector<std::vector<raft_core_server>> servers;
  std::vector<raft_core_entry> entries;
};

struct to_core_message {
  raft_core_message& out;

  void operator()(const append_message& body) const {
    out.type = RAFT_CORE_APPEND;
    out.previous_index = body.previous.value;
    out.previous_term = body.previous_term.value;
    out.leader_commit = body.leader_commit.value;
  }
  void operator()(const append_result_message& body) const {
    out.type = RAFT_CORE_APPEND_RESULT;
    out.rejected = body.rejected.value;
    out.last_log_index = body.last.value;
    out.features = body.features;
    out.capacity = body.capacity;
  }
  void operator()(const vote_message& body) const {
    out.type = RAFT_CORE_VOTE;
    out.last_log_index = body.last.value;
    out.last_log_term = body.last_term.value;
    out.disrupt_leader = body.disrupt_leader;
    out.pre_vote = body.pre_vote;
  }
  void operator()(const vote_result_message& body) const {
    out.type = RAFT_CORE_VOTE_RESULT;
    out.granted = body.granted;
    out.pre_vote = body.pre_vote;
    out.features = body.features;
    out.capacity = body.capacity;
  }
  void operator()(const install_message&) const { ALWAYS(!"snapshots are received out of band"); }
  void operator()(const timeout_now_message& body) const {
    out.type = RAFT_CORE_TIMEOUT_NOW;
    out.last_log_index = body.last.value;
    out.last_log_term = body.last_term.value;
  }
};

raft_message from_core(const raft_core_message& from) {
  raft_message out;
  out.peer = from.peer;
  out.term = raft_term{from.term};
  const raft_index last{from.last_log_index};
  const raft_term last_term{from.last_log_term};
  switch (from.type) {
  case RAFT_CORE_APPEND:
    out.body = append_message{raft_index{from.previous_index},
                              raft_term{from.previous_term},
                              raft_index{from.leader_commit},
                              from.entry_count,
                              {}};
    break;
  case RAFT_CORE_APPEND_RESULT:
    out.body = append_result_message{raft_index{from.rejected}, last, from.features, from.capacity};
    break;
  case RAFT_CORE_VOTE:
    out.body = vote_message{last, last_term, from.disrupt_leader, from.pre_vote};
    break;
  case RAFT_CORE_VOTE_RESULT:
    out.body = vote_result_message{from.granted, from.pre_vote, from.features, from.capacity};
    break;
  case RAFT_CORE_INSTALL:
    out.body = install_message{raft_index{from.snapshot_index}, raft_term{from.snapshot_term},
                               raft_index{from.configuration_index}};
    break;
  case RAFT_CORE_TIMEOUT_NOW:
    out.body = timeout_now_message{last, last_term};
    break;
  default:
    ALWAYS(!"libraft sends a message of unknown type");
  }
  return out;
}

} // namespace

struct consensus::hidden {
  raft_core* core = nullptr;
  raft_core_update update{};
};

consensus::consensus(member_id self, unsigned seed, raft_timing timing)
    : hidden_(std::make_unique<hidden>()) {
  ALWAYS(self != 0 && timing.heartbeat_ms > 0 && timing.election_ms > timing.heartbeat_ms);
  hidden_->core = raft_core_new(self, seed, timing.election_ms, timing.heartbeat_ms);
  ALWAYS(hidden_->core != nullptr);
}

consensus::~consensus() { raft_core_free(hidden_->core); }

/// Turns libraft's update into a plan. `passed` are the entries the event brought, at index `passed_first`
/// onwards.
raft_plan consensus::finish(int code, const char* what, std::vector<log_entry> passed,
                            raft_index passed_first) {
  ALWAYS_WITH(code == RAFT_CORE_OK, what);
  const raft_core_update& update = hidden_->update;
  raft_plan plan;
  plan.vote_changed = update.vote_changed;
  plan.role_changed = update.state_changed;
  plan.commit_changed = update.commit_changed;
  plan.messages.reserve(update.message_count);
  for (std::uint32_t i = 0; i < update.message_count; ++i)
    plan.messages.push_back(from_core(update.messages[i]));
  if (update.first == 0) return plan;
  plan.append_first = raft_index{update.first};
  if (update.own_barrier) {
    plan.append.push_back({vote().term, entry_kind::barrier, std::make_shared<const std::string>()});
  } else {
    ALWAYS(update.first >= passed_first.value);
    const std::uint64_t skipped = update.first - passed_first.value;
    ALWAYS(skipped + update.entry_count == passed.size());
    passed.erase(passed.begin(), passed.begin() + static_cast<std::ptrdiff_t>(skipped));
    plan.append = std::move(passed);
  }
  last_ = raft_index{update.first + plan.append.size() - 1};
  stored_ = std::min(stored_, raft_index{update.first - 1});
  return plan;
}

raft_plan consensus::start(raft_time_ms now, const raft_memory& memory) {
  ALWAYS(!started_);
  ALWAYS(memory.log_first.value >= 1 && memory.log_first.value <= memory.applied.value + 1);
  ALWAYS(memory.applied.value == 0 || memory.applied_term.value > 0);
  ALWAYS(memory.applied.value == 0 || !memory.configuration.servers.empty());
  ALWAYS(memory.applied_term <= memory.vote.term);
  // Who has applied nothing was told from the first entry on, which names the members, or nothing at all.
  ALWAYS(memory.applied.value != 0 || memory.log_first.value == 1);
  started_ = true;
  now_ = now;
  const std::uint64_t count = memory.log_last.value + 1 - memory.log_first.value;
  std::vector<raft_core_entry> entries(memory.log_last.value == 0 ? 0 : count);
  for (std::size_t run = 0; run < memory.terms.size(); ++run) {
    const std::uint64_t end =
        run + 1 < memory.terms.size() ? memory.terms[run + 1].first.value : memory.log_last.value + 1;
    for (std::uint64_t index = memory.terms[run].first.value; index < end; ++index) {
      entries.at(index - memory.log_first.value) = {memory.terms[run].second.value, RAFT_CORE_COMMAND,
                                                    nullptr, 0};
    }
  }
  std::vector<std::vector<raft_core_server>> changed;
  changed.reserve(memory.changes.size());
  for (const auto& [index, servers] : memory.changes) {
    changed.push_back(to_core(servers));
    raft_core_entry& entry = entries.at(index.value - memory.log_first.value);
    entry.kind = RAFT_CORE_CHANGE;
    entry.servers = changed.back().data();
    entry.server_count = changed.back().size();
  }
  for (const raft_core_entry& entry : entries) ALWAYS(entry.term > 0 && entry.term <= memory.vote.term.value);
  const std::vector<raft_core_server> servers = to_core(memory.configuration.servers);
  raft_core_start begin{};
  begin.term = memory.vote.term.value;
  begin.voted_for = memory.vote.voted_for;
  begin.snapshot_index = memory.applied.value;
  begin.snapshot_term = memory.applied_term.value;
  begin.configuration_index = memory.configuration.index.value;
  begin.servers = servers.data();
  begin.server_count = servers.size();
  begin.first_index = memory.log_first.value;
  begin.entries = entries.data();
  begin.entry_count = entries.size();
  last_ = stored_ = std::max(memory.log_last, memory.applied);
  snapshot_ = memory.applied;
  return finish(raft_core_begin(hidden_->core, now, &begin, &hidden_->update), "start", {}, {});
}

raft_plan consensus::receive(raft_time_ms now, raft_message message) {
  ALWAYS(started_ && now >= now_ && message.peer != 0);
  now_ = now;
  raft_core_message received{};
  received.peer = message.peer;
  received.term = message.term.value;
  std::visit(to_core_message{received}, message.body);
  auto* const append = std::get_if<append_message>(&message.body);
  if (append == nullptr) {
    return finish(raft_core_receive(hidden_->core, now, &received, &hidden_->update), "receive", {}, {});
  }
  const core_entries entries(append->entries);
  received.entries = entries.entries.data();
  received.entry_count = static_cast<std::uint32_t>(entries.entries.size());
  const int code = raft_core_receive(hidden_->core, now, &received, &hidden_->update);
  return finish(code, "receive", std::move(append->entries), raft_index{append->previous.value + 1});
}

void consensus::only_follow() {
  ALWAYS(started_ && role() == raft_role::follower);
  raft_core_only_follow(hidden_->core);
}

void consensus::gone(raft_time_ms now, member_id other) {
  ALWAYS(started_ && now >= now_);
  raft_core_gone(hidden_->core, now, other);
}

raft_plan consensus::tick(raft_time_ms now) {
  ALWAYS(started_ && now >= now_);
  now_ = now;
  return finish(raft_core_tick(hidden_->core, now, &hidden_->update), "tick", {}, {});
}

std::optional<raft_plan> consensus::submit(raft_time_ms now, std::vector<log_entry> entries) {
  ALWAYS(started_ && now >= now_ && !entries.empty());
  now_ = now;
  if (role() != raft_role::leader) return std::nullopt;
  for (const log_entry& entry : entries) ALWAYS(entry.term == vote().term && entry.payload != nullptr);
  const raft_index first{last_.value + 1};
  const core_entries core(entries);
  const int code = raft_core_submit(hidden_->core, now, core.entries.data(),
                                    static_cast<std::uint32_t>(core.entries.size()), &hidden_->update);
  if (code == RAFT_CORE_NOT_LEADER) return std::nullopt; // leadership is being handed over
  return finish(code, "submit", std::move(entries), first);
}

raft_plan consensus::persisted(raft_time_ms now, raft_index through) {
  ALWAYS(started_ && now >= now_ && through > stored_ && through <= last_);
  ALWAYS(role() != raft_role::candidate);
  now_ = now;
  stored_ = through;
  return finish(raft_core_persisted(hidden_->core, now, through.value, &hidden_->update), "persisted", {},
                {});
}

raft_plan consensus::configured(raft_time_ms now, const raft_configuration& committed) {
  ALWAYS(started_ && now >= now_ && committed.index.value > 0 && committed.index <= commit_index());
  now_ = now;
  const std::vector<raft_core_server> servers = to_core(committed.servers);
  return finish(raft_core_configured(hidden_->core, now, committed.index.value, servers.data(),
                                     servers.size(), &hidden_->update),
                "configured", {}, {});
}

raft_plan consensus::compacted(raft_time_ms now, raft_index applied, raft_term applied_term,
                               raft_index first_kept, const raft_configuration& committed) {
  ALWAYS(started_ && now >= now_ && applied <= commit_index() && first_kept <= applied);
  now_ = now;
  if (applied == snapshot_) return {};
  ALWAYS(applied > snapshot_);
  snapshot_ = applied;
  const std::vector<raft_core_server> servers = to_core(committed.servers);
  return finish(raft_core_compacted(hidden_->core, now, applied.value, applied_term.value, first_kept.value,
                                    committed.index.value, servers.data(), servers.size(), &hidden_->update),
                "compacted", {}, {});
}

std::optional<raft_plan> consensus::transfer(raft_time_ms now, member_id to) {
  ALWAYS(started_ && now >= now_ && to != 0);
  now_ = now;
  if (role() != raft_role::leader || transferee() != 0) return std::nullopt;
  return finish(raft_core_transfer(hidden_->core, now, to, &hidden_->update), "transfer", {}, {});
}

raft_role consensus::role() const { return static_cast<raft_role>(raft_core_state(hidden_->core)); }
hard_state consensus::vote() const {
  return {raft_term{raft_core_term(hidden_->core)}, raft_core_voted_for(hidden_->core)};
}
raft_index consensus::commit_index() const { return raft_index{raft_core_commit_index(hidden_->core)}; }
member_id consensus::leader() const { return raft_core_leader(hidden_->core); }
member_id consensus::transferee() const { return raft_core_transferee(hidden_->core); }
raft_index consensus::matched(member_id other) const {
  return raft_index{raft_core_match_index(hidden_->core, other)};
}
raft_time_ms consensus::deadline() const { return raft_core_deadline(hidden_->core); }

} // namespace actord::storage
