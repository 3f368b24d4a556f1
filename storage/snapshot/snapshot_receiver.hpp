#pragma once

#include "schema/base/clock.hpp"
#include "storage/kv/kv.hpp"
#include "storage/raft/member_note.hpp"
#include "storage/snapshot/snapshot_rows.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace actord::storage {

/// A snapshot that is all there, every row checked against its summary.
struct received_snapshot {
  member_id from = 0;
  std::unique_ptr<kv::environment> scratch;
  snapshot_summary summary;
};

/// Fetches a snapshot from another member into the scratch map, part by part. How far it is lies in the
/// scratch map itself, written with the rows, so that it goes on where it was after a crash as well, as long
/// as the sender still keeps that moment. Lives on the store's thread.
///
///   idle ──offered──▶ fetching ──last part, all right──▶ (handed out) idle
///     ◀── nothing heard for long, gone, damaged, disk full ──┘
class snapshot_receiver {
public:
  using send = std::function<void(member_id to, const member_note& note)>;

  snapshot_receiver(kv::environment& disk, send out) : disk_(disk), send_(std::move(out)) {}

  /// Another member says that only a snapshot will help.
  void offered(member_id from, steady_time now);
  std::optional<received_snapshot> hear(member_id from, const snapshot_part& part, steady_time now);
  void hear(member_id from, const snapshot_gone& gone, steady_time now);
  /// What was handed out is of no use: the next offer begins anew, whatever a late part may have left behind.
  void forget();
  void tend(steady_time now);
  [[nodiscard]] bool fetching() const { return scratch_ != nullptr; }
  [[nodiscard]] steady_time deadline() const { return fetching() ? again_ : steady_time::max(); }

private:
  struct progress {
    std::uint64_t session = 0; ///< 0: nothing received yet
    std::uint64_t next = 0;
    std::string position;
    std::uint64_t rows = 0;
    std::uint64_t hash = 0;
  };
  [[nodiscard]] static progress load(const kv::read_view& view);
  static void save(kv::write_batch& batch, const progress& now);
  bool open(bool fresh);
  bool keep(const snapshot_part& part, steady_time now);
  void ask(const progress& from_here, steady_time now);
  void give_up(const char* why, steady_time now);

  kv::environment& disk_;
  send send_;
  std::unique_ptr<kv::environment> scratch_; ///< null while idle
  member_id from_ = 0;
  progress progress_;
  steady_time again_{};
  steady_time heard_{};
  steady_time not_before_{};
};

} // namespace actord::storage
