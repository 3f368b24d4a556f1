#pragma once

#include "storage/kv/kv.hpp"
#include "storage/member/proposer.hpp"
#include "storage/tables/member_state.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace actord::storage {

struct compaction_policy {
  std::chrono::nanoseconds age;
  std::uint64_t bytes = 0;
  /// Log bytes one batch may trim: trimming shares the writer with proposals.
  std::uint64_t trim_bytes = 8U << 20U;
};

struct compaction_plan {
  std::optional<compaction_order> order;
  bool more = false; ///< there is more to trim than one batch may
};

/// What may go now: announced first (watchers and readers of old versions get `expired`), trimmed from the
/// log a round later, when nothing that is still history needs it (see compaction_mark).
compaction_plan plan_compaction(const kv::read_view& view, const member_state& state, wall_time now,
                                const compaction_policy& policy);

} // namespace actord::storage
