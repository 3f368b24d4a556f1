#include "tests/sim/mutant.hpp"

#include "storage/encoding/checksum.hpp"
#include "storage/log/log_table.hpp"
#include "storage/tables/member_state.hpp"
#include "tests/sim/failure.hpp"

namespace actord::sim {

using namespace storage;

void spoil_disk(mutant what, kv::memory_disk& disk) {
  if (what != mutant::forgets_votes && what != mutant::forgets_entries && what != mutant::drops_old_entries &&
      what != mutant::keeps_its_term)
    return;
  const auto opened = kv::open_memory(disk);
  hard_state vote;
  member_state state;
  raft_index first, last;
  std::size_t voters = 0;
  {
    const auto view = opened->read();
    vote = load_vote(*view);
    state = load_state(*view);
    voters = load_configuration(*view).voters();
    std::tie(first, last) = log_reader(*view).bounds();
  }
  const auto batch = opened->write();
  if (what == mutant::forgets_votes) {
    vote.voted_for = 0;
    save_vote(*batch, vote);
  } else if (what == mutant::keeps_its_term) {
    // The start will raise it by one.
    if (voters == 1) save_vote(*batch, {raft_term{vote.term.value - 1}, vote.voted_for});
  } else if (what == mutant::forgets_entries) {
    if (last > state.applied) truncate_log(*batch, last);
  } else if (first < state.applied) {
    // As a trim that did not say so: log_first still names it.
    trim_log(*batch, first, first);
  }
  require(batch->commit().has_value(), "the mutant's disk is full");
}

bool damage_object(kv::memory_disk& disk, std::uint64_t choice, bool unseen) {
  const auto opened = kv::open_memory(disk);
  std::string key;
  std::string value;
  member_state state;
  {
    const auto view = opened->read();
    state = load_state(*view);
    const auto cursor = view->walk(kv::table::objects);
    if (!cursor->seek({})) return false;
    for (std::uint64_t skip = choice % 8; skip > 0 && cursor->next(); --skip) {
    }
    key = cursor->key();
    value = cursor->value();
  }
  const std::uint64_t before = row_hash(key, value);
  // The last byte is of the object's text.
  value.back() = static_cast<char>(value.back() ^ 1);
  const auto batch = opened->write();
  batch->put(kv::table::objects, key, value);
  if (unseen) {
    state.hash += row_hash(key, value) - before;
    save_state(*batch, state);
  }
  require(batch->commit().has_value(), "the damaged disk is full");
  return true;
}

fault_points fault_points_of(mutant what) {
  return {.stamps_before_barrier = what == mutant::stamps_too_early,
          .persisted_too_late = what == mutant::persists_too_late};
}

std::string spoil_message(mutant what, std::string bytes) {
  if (what != mutant::grants_every_vote && what != mutant::commits_too_early) return bytes;
  auto message = decode_message(1, bytes);
  if (!message) return bytes;
  if (auto* vote = std::get_if<vote_result_message>(&message->body);
      vote != nullptr && what == mutant::grants_every_vote) {
    vote->granted = true;
  } else if (auto* append = std::get_if<append_message>(&message->body);
             append != nullptr && what == mutant::commits_too_early) {
    append->leader_commit = raft_index{append->previous.value + append->entries.size()};
    append->entry_count = static_cast<std::uint32_t>(append->entries.size());
  } else {
    return bytes;
  }
  return encode_message(*message);
}

} // namespace actord::sim
