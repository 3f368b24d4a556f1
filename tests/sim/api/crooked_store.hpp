#pragma once

#include "storage/store.hpp"
#include "tests/sim/mutant.hpp"

#include <memory>

namespace actord::sim {

/// The store as a mutant's API uses it; null for those that use it well. `inner` outlives it.
std::unique_ptr<storage::store> crooked_store(mutant what, storage::store& inner);

} // namespace actord::sim
