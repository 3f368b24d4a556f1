#include "storage/member/compaction.hpp"

#include "storage/log/log_table.hpp"

#include <algorithm>

namespace actord::storage {

compaction_plan plan_compaction(const kv::read_view& view, const member_state& state, wall_time now,
                                const compaction_policy& policy) {
  const log_reader log(view);
  compaction_order order;
  const auto kept = log.first_where(state.log_begin(), state.applied, [&](const batch_header& batch) {
    return batch.time + policy.age > now && state.logged_bytes - batch.logged_before <= policy.bytes;
  });
  // With nothing young enough to keep, everything is history's past: only the state remains.
  const revision gone = kept ? revision{kept->second.base.value - 1} : state.last;
  if (gone > state.compacted) order.announce = gone;

  const revision compacted = std::max(gone, state.compacted);
  raft_index through;
  for (const compaction_mark& mark : load_marks(view)) {
    if (mark.head <= compacted) through = std::max(through, mark.index);
  }
  through = std::min(through, raft_index{state.applied.value - 1});
  compaction_plan plan;
  if (through >= state.log_first) {
    const auto first =
        log.first_where(state.log_begin(), state.applied, [](const batch_header&) { return true; });
    const std::uint64_t begins = first ? first->second.logged_before : state.logged_bytes;
    const auto beyond = log.first_where(state.log_begin(), through, [&](const batch_header& batch) {
      return batch.logged_before - begins > policy.trim_bytes;
    });
    order.trim = beyond ? raft_index{beyond->first.value - 1} : through;
    plan.more = order.trim < through;
  }
  if (order.announce.value != 0 || order.trim.value != 0) plan.order = order;
  return plan;
}

} // namespace actord::storage
