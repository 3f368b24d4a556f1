#include "storage/snapshot/snapshot_sender.hpp"

#include "storage/snapshot/snapshot_rows.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace actord::storage {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_sessions = 2;
constexpr auto idle_after = 30s;
/// Makes room for another member.
constexpr auto stalled_after = 5s;
constexpr std::size_t part_bytes = 1U << 20U;

} // namespace

void snapshot_sender::hear(member_id from, const snapshot_question& asked, bool may_begin, steady_time now) {
  tend(now);
  // Who begins anew is done with what it was sent before, unless that was no more than the beginning.
  if (asked.session == 0)
    std::erase_if(sessions_, [from](const session& one) { return one.to == from && one.went_on; });
  auto at = std::ranges::find_if(sessions_, [&](const session& one) {
    return one.to == from && (one.number == asked.session || asked.session == 0);
  });
  if (asked.session == 0 && may_begin) {
    // Asked again because the first part was lost: the same session, still at its beginning.
    if (at == sessions_.end()) {
      if (sessions_.size() >= max_sessions)
        std::erase_if(sessions_,
                      [now](const session& one) { return one.ended || now - one.used > stalled_after; });
      if (sessions_.size() >= max_sessions) return;
      spdlog::info("store: member {} is sent a snapshot", from);
      sessions_.push_back({random_.next() | 1U, from, disk_.read(), now});
      at = sessions_.end() - 1;
    }
  } else if (asked.session == 0) {
    return;
  }
  if (at == sessions_.end()) return send_(from, snapshot_gone{asked.session});
  at->used = now;
  at->went_on = at->went_on || !asked.position.empty();
  auto chunk = copy_rows(*at->view, asked.position, part_bytes);
  if (!chunk) return send_(from, snapshot_gone{asked.session});
  snapshot_part part;
  part.session = at->number;
  part.part = asked.part;
  part.rows = std::move(chunk->rows);
  part.position = std::move(chunk->position);
  at->ended = chunk->last;
  at->went_on = at->went_on || chunk->last;
  if (chunk->last) part.summary = encode_summary(summarise(*at->view));
  send_(from, part);
}

void snapshot_sender::tend(steady_time now) {
  std::erase_if(sessions_, [now](const session& one) { return now - one.used > idle_after; });
}

} // namespace actord::storage
