#include "schema/base/always.hpp"
#include "storage/log/log_table.hpp"
#include "storage/member/replica.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

/// What a member does about a state that is not what it must be (docs/decisions/025).

namespace actord::storage {

/// What is in the log and not applied may have been counted on by a leader: a member that lost it must not
/// come back as if it had never had it.
result<void> replica::check_log(const kv::read_view& view, raft_index last) const {
  const log_reader log(view);
  for (raft_index at{state_.applied.value + 1}; at <= last; ++at.value) {
    const auto entry = log.entry(at);
    ALWAYS(entry);
    if (entry->kind != entry_kind::command || batch_view::open(*entry->payload, false)) continue;
    error damaged;
    damaged.kind = error_kind::internal;
    damaged.message =
        fmt::format("entry {} of the log on this disk is not what was written: remove this member "
                    "from the cluster and let it join anew",
                    at.value);
    return damaged;
  }
  return {};
}

/// Once in a process: are the objects those whose hash is kept? A member that is not the only voter is fenced
/// when they are not.
result<void> replica::check_state(const kv::read_view& view) {
  const bool only_one = newest_.is_only_voter(identity_.member);
  if (fenced_ && only_one) {
    spdlog::error("store: the state of this member is damaged, and it is the only voter left: it goes on "
                  "with what it has; restore a snapshot if there is one");
    fenced_ = false;
    const auto batch = parts_.disk.write();
    lift_fence(*batch);
    return batch->commit();
  }
  if (std::exchange(checked_, true) || fenced_ || compute_hash(view) == state_.hash) return {};
  if (!only_one) return put_up_fence("its objects are not what was written");
  spdlog::error("store: the objects on this disk are not what was written, and there is no other voter to "
                "have them from: restore a snapshot if there is one");
  return {};
}

result<void> replica::put_up_fence(const std::string& why) {
  const auto batch = parts_.disk.write();
  save_fence(*batch, why);
  if (auto saved = batch->commit(); !saved) return saved;
  fenced_ = true;
  parts_.listener.fenced(why);
  return {};
}

void replica::fence(raft_time_ms now, const std::string& why) {
  if (fenced_ || core_ == nullptr || newest_.is_only_voter(identity_.member)) return;
  core_.reset();
  changes_.clear();
  auto done = put_up_fence(why);
  // As a follower: who led leads no more.
  if (done) done = start(now);
  if (!done) stop_full(done.error());
}

void replica::fence_if_wrong(raft_time_ms now) {
  if (wrong_) fence(now, *std::exchange(wrong_, std::nullopt));
}

std::optional<std::uint64_t> replica::hash_at(raft_index at) const {
  if (fenced_ || hashes_.empty() || at < hashes_.front().at || at > hashes_.back().at) return std::nullopt;
  return hashes_[at.value - hashes_.front().at.value].hash;
}

/// A batch may say what the members agreed on.
void replica::compare_hashes(raft_index index, std::string_view payload) {
  const auto header = parse_batch_header(payload);
  ALWAYS(header);
  if (header->checked_before == 0) return;
  ALWAYS(header->checked_before < index.value);
  const raft_index at{index.value - header->checked_before};
  const auto own = hash_at(at);
  if (own && *own != header->checked_hash)
    wrong_ = fmt::format("at entry {} its hash is {:016x}, and a majority agrees on {:016x}", at.value, *own,
                         header->checked_hash);
}

/// Who applies nothing must still know who belongs.
void replica::follow_changes(raft_time_ms now) {
  while (core_ != nullptr && followed_ < core_->commit_index()) {
    ++followed_.value;
    const auto view = parts_.disk.read();
    const log_reader log(*view);
    const auto front = log.front(followed_);
    if (!front || front->kind != entry_kind::change) continue;
    configuration_ = {followed_, decode_servers(*log.entry(followed_)->payload)};
    note_members();
    carry_out(now, core_->configured(now, configuration_));
  }
}

} // namespace actord::storage
