#pragma once

#include "actors/objects/write_command.hpp"
#include "storage/store.hpp"

#include <vector>

/// A request that is tried again after a leader was lost: whether an earlier try took effect, and what came
/// of it. The log tells, by the request's id.

namespace actord::actors {

/// Changes nothing. Committed, with the revisions of the earlier try, when that took effect; refused for its
/// precondition when it did not, and for anything else when that cannot be known.
storage::transaction earlier_try(const write_command& command);
/// Whether `earlier_try` was refused because there was none.
bool is_no_earlier_try(const storage::refused& refusal);

/// The answer to a command whose transaction took effect with these revisions, from the events they are.
result<write_answer> outcome_at(storage::store& store, const write_command& command,
                                const std::vector<revision>& revisions);

} // namespace actord::actors
