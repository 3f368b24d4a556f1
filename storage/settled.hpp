#pragma once

#include "storage/store.hpp"

namespace actord::storage {

/// An outcome for whoever only asks whether it was stored: why it was refused, or `unavailable` when this
/// member cannot know.
result<void> settled(const outcome& what);

/// Proposes and waits until it is settled. Blocks: neither on the store's thread nor in an actor that others
/// wait for.
result<void> propose_and_wait(store& to, transaction what);

} // namespace actord::storage
