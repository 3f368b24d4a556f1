#include "storage/snapshot/snapshot_receiver.hpp"

#include "storage/encoding/bytes.hpp"
#include "storage/encoding/checksum.hpp"
#include "storage/layout.hpp"

#include <spdlog/spdlog.h>

namespace actord::storage {
namespace {

using namespace std::chrono_literals;

constexpr auto ask_again_after = 300ms;
constexpr auto give_up_after = 5s;
/// After a failure that will not go away at once.
constexpr auto pause_after_failure = 2s;

} // namespace

snapshot_receiver::progress snapshot_receiver::load(const kv::read_view& view) {
  progress found;
  const auto row = view.get(kv::table::meta, layout::meta_incoming);
  if (!row) return found;
  byte_reader reader(*row);
  found.session = reader.take<std::uint64_t>();
  found.next = reader.take<std::uint64_t>();
  found.rows = reader.take<std::uint64_t>();
  found.hash = reader.take<std::uint64_t>();
  found.position = reader.rest();
  return reader.ok() ? found : progress{};
}

void snapshot_receiver::save(kv::write_batch& batch, const progress& now) {
  std::string row;
  append_little(row, now.session);
  append_little(row, now.next);
  append_little(row, now.rows);
  append_little(row, now.hash);
  batch.put(kv::table::meta, layout::meta_incoming, row.append(now.position));
}

void snapshot_receiver::offered(member_id from, steady_time now) {
  if (fetching() || now < not_before_) return;
  from_ = from;
  heard_ = now;
  if (!open(false)) return give_up("its scratch map cannot be opened", now);
  ask(progress_, now);
}

bool snapshot_receiver::open(bool fresh) {
  scratch_.reset();
  auto opened = disk_.scratch(fresh);
  if (!opened) return false;
  scratch_ = std::move(*opened);
  progress_ = load(*scratch_->read());
  return true;
}

void snapshot_receiver::ask(const progress& from_here, steady_time now) {
  again_ = now + ask_again_after;
  send_(from_, snapshot_question{from_here.session, from_here.next, from_here.position});
}

std::optional<received_snapshot> snapshot_receiver::hear(member_id from, const snapshot_part& part,
                                                         steady_time now) {
  if (!fetching() || from != from_ || part.part != progress_.next) return std::nullopt;
  if (progress_.session == 0) {
    // Whatever an earlier fetch left behind is of another moment.
    if (!open(true)) {
      give_up("its scratch map cannot be opened", now);
      return std::nullopt;
    }
    progress_.session = part.session;
  }
  if (part.session != progress_.session) return std::nullopt;
  heard_ = now;
  if (!keep(part, now)) {
    give_up("a part cannot be stored", now);
    return std::nullopt;
  }
  if (part.summary.empty()) return std::nullopt;
  auto summary = parse_summary(part.summary);
  if (!summary || summary->state.hash != progress_.hash) {
    static_cast<void>(open(true));
    give_up("it is damaged", now);
    return std::nullopt;
  }
  summary->rows = progress_.rows;
  progress_ = {};
  return received_snapshot{from, std::move(scratch_), *std::move(summary)};
}

/// One commit: the rows and how far they reach. The next part is asked for before, and is on its way
/// meanwhile.
bool snapshot_receiver::keep(const snapshot_part& part, steady_time now) {
  const auto batch = scratch_->write();
  progress next = progress_;
  const bool sound = read_rows(part.rows, [&](kv::table where, std::string_view key, std::string_view value) {
    const std::string position = std::string(1, static_cast<char>(where)).append(key);
    if (position <= next.position) return false; // each table and key in order, none twice
    batch->append(where, key, value);
    next.position = position;
    ++next.rows;
    if (where == kv::table::objects) next.hash += row_hash(key, value);
    return !batch->full();
  });
  if (!sound || next.position != part.position) return false;
  ++next.next;
  save(*batch, next);
  if (part.summary.empty()) ask(next, now);
  if (!batch->commit()) return false;
  progress_ = std::move(next);
  return true;
}

void snapshot_receiver::hear(member_id from, const snapshot_gone& gone, steady_time now) {
  if (!fetching() || from != from_ || gone.session != progress_.session || gone.session == 0) return;
  // Begin anew, with another moment.
  if (!open(true)) return give_up("its scratch map cannot be opened", now);
  heard_ = now;
  ask(progress_, now);
}

void snapshot_receiver::forget() {
  static_cast<void>(open(true));
  scratch_.reset();
}

void snapshot_receiver::tend(steady_time now) {
  if (!fetching() || now < again_) return;
  // What is there stays; the next offer goes on with it.
  if (now - heard_ > give_up_after) return scratch_.reset();
  ask(progress_, now);
}

void snapshot_receiver::give_up(const char* why, steady_time now) {
  spdlog::error("store: cannot take the snapshot of member {}: {}", from_, why);
  scratch_.reset();
  not_before_ = now + pause_after_failure;
}

} // namespace actord::storage
