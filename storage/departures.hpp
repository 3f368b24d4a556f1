#pragma once

#include "storage/cluster.hpp"

namespace actord::storage {

class store;

/// Tells a store that was opened with `open_store` that the process of another member is gone: its connection
/// broke and a new one was refused. Any thread; never blocks.
///
/// If that member led, this one stands for election within tens of milliseconds instead of after an election
/// timeout. It must not be true: a leader that lives loses nothing by it, since members that hear it refuse
/// to elect another. Only when a majority is told so wrongly is there an election, which costs clients the
/// time of one and nothing that was acknowledged.
void tell_gone(store& told, member_id member);

/// Tells a store that was opened with `open_store` that this member itself was taken out of the cluster, by
/// the word of a member that has applied that. From now on it stands for no election, and knows no leader.
/// Any thread; never blocks.
void tell_removed(store& told);

} // namespace actord::storage
