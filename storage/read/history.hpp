#pragma once

#include "storage/kv/kv.hpp"
#include "storage/store.hpp"
#include "storage/tables/member_state.hpp"
#include "storage/value_codec.hpp"

#include <cstddef>
#include <string>
#include <vector>

/// Events and old versions, read from the log.

namespace actord::storage {

struct history_page {
  std::vector<store_event> events;
  revision reached; ///< everything up to here was looked at
  bool more = false;
};

/// Events of the scope above `after`, oldest first, as many as the bounds allow. `expired` when `after` is
/// below the compacted revision.
result<history_page> read_history(const kv::read_view& view, const watch_scope& scope, revision after,
                                  std::size_t max_events, std::size_t max_bytes);

/// The bytes of an object's version `at`, which was replaced by the change at `replaced_by`.
result<std::string> read_version(const kv::read_view& view, std::string_view address, revision at,
                                 revision replaced_by);

/// What an object was at `past`: empty when it did not exist. `current` is what it is now (empty for
/// nothing).
result<std::string> object_at(const kv::read_view& view, const value_codec& codec, std::string_view address,
                              std::string_view current, revision past);

error history_expired(revision asked, revision compacted);
bool in_scope(const watch_scope& scope, const object_key& key);

} // namespace actord::storage
