#pragma once

#include "storage/kv/kv.hpp"
#include "storage/log/log_entry.hpp"
#include "storage/store.hpp"
#include "storage/tables/member_state.hpp"
#include "storage/value_codec.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

/// The tables that follow from the log: objects, their indexes, their versions and the identified requests.

namespace actord::storage {

/// Requests remembered: one for each of the last so many identified transactions.
inline constexpr std::uint64_t kept_requests = 8192;

struct remembered_request {
  std::string id;
  std::vector<revision> revisions;
};

/// What applying a batch changed, for those who must be told once it is durable.
struct applied_batch {
  std::vector<store_event> events;
  std::vector<remembered_request> requests;
  std::vector<std::string> forgotten_requests;
};

/// A value as the proposer sealed it: spares its own member a second copy and a second look at the same
/// bytes.
struct sealed_value {
  shared_bytes bytes;
  value_facts facts; ///< of `bytes`, read before it was stamped
};

/// Applies a committed batch and moves `state` to it (the caller saves the state). Deterministic; checks
/// every precondition of the log once more and stops the process when one is broken. Stops early when `out`
/// is full. `sealed` is empty or has one value per item.
void apply_batch(kv::write_batch& out, const value_codec& codec, raft_index index, std::string_view payload,
                 std::span<const sealed_value> sealed, member_state& state, applied_batch& told);

std::vector<remembered_request> load_requests(const kv::read_view& view);

} // namespace actord::storage
