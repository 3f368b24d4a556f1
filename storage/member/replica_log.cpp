#include "schema/base/always.hpp"
#include "storage/log/log_table.hpp"
#include "storage/member/replica.hpp"

/// The end of a member's log: what it received and did not write yet, and what it keeps in memory for others.

namespace actord::storage {
namespace {

constexpr std::size_t tail_limit_bytes = 16U << 20U;
constexpr std::size_t append_limit_bytes = 16U << 20U;
/// Of what is received, beyond which it is written at once.
constexpr std::size_t gather_limit_bytes = 4U << 20U;

} // namespace

/// Only what continues the log, and names no members: the rest is rare, and not worth the thought.
bool replica::may_gather(const raft_plan& plan) const {
  if (plan.append.empty() || plan.append_first <= last_ || plan.role_changed || leading()) return false;
  std::size_t bytes = gathered_bytes_;
  for (const log_entry& entry : plan.append) {
    if (entry.kind == entry_kind::change) return false;
    bytes += entry.payload->size();
  }
  return bytes < gather_limit_bytes;
}

void replica::gather(raft_plan& plan) {
  ALWAYS(plan.append_first.value == last_.value + 1);
  for (log_entry& entry : plan.append) {
    gathered_bytes_ += entry.payload->size();
    gathered_.push_back(std::move(entry));
    ++last_.value;
  }
  plan.append_first = {};
}

void replica::write_gathered(raft_time_ms now) {
  if (gathered_.empty() || core_ == nullptr) return;
  raft_plan plan;
  plan.append_first = raft_index{last_.value + 1};
  carry_out(now, std::move(plan));
}

/// The last term may fall: a new leader first replaces what an old one left by entries of before that.
void replica::append(kv::write_batch& out, raft_index first, const std::vector<log_entry>& entries) {
  for (const log_entry& entry : entries) {
    append_entry(out, first, entry, entry.term != last_term_);
    if (entry.kind == entry_kind::change) newest_ = {first, decode_servers(*entry.payload)};
    last_term_ = entry.term;
    last_ = first;
    ++first.value;
  }
}

log_entry replica::entry_at(const kv::read_view& view, raft_index index) const {
  if (!tail_.empty() && index >= tail_.front().first && index <= tail_.back().first) {
    return tail_[index.value - tail_.front().first.value].second;
  }
  auto entry = log_reader(view).entry(index);
  ALWAYS(entry);
  return *std::move(entry);
}

/// Keeps the newest entries in memory, consecutive, replacing those from `first` on.
void replica::remember(raft_index first, const std::vector<log_entry>& entries) {
  while (!tail_.empty() && tail_.back().first >= first) {
    tail_bytes_ -= tail_.back().second.payload->size();
    tail_.pop_back();
  }
  for (const log_entry& entry : entries) {
    tail_bytes_ += entry.payload->size();
    tail_.emplace_back(first, entry);
    ++first.value;
  }
  while (tail_.size() > entries.size() && tail_bytes_ > tail_limit_bytes) {
    tail_bytes_ -= tail_.front().second.payload->size();
    tail_.pop_front();
  }
}

void replica::fill(append_message& message) {
  if (message.entry_count == 0) return;
  const auto view = parts_.disk.read();
  std::size_t bytes = 0;
  for (std::uint32_t i = 1; i <= message.entry_count && bytes < append_limit_bytes; ++i) {
    message.entries.push_back(entry_at(*view, raft_index{message.previous.value + i}));
    bytes += message.entries.back().payload->size();
  }
}

/// The newest change of members before `index`, none of which is lost when entries from there on are.
raft_configuration replica::newest_below(const kv::read_view& view, raft_index index) const {
  const log_reader log(view);
  for (raft_index at{index.value - 1}; at > state_.applied; --at.value) {
    const auto front = log.front(at);
    if (front && front->kind == entry_kind::change) return {at, decode_servers(*log.entry(at)->payload)};
  }
  return changes_.empty() ? configuration_ : changes_.back();
}

} // namespace actord::storage
