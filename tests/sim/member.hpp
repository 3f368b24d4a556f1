#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"
#include "storage/kv/memory_kv.hpp"
#include "storage/member/store_engine.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/tenant.hpp"
#include "tests/sim/truth.hpp"

#include <memory>
#include <string>
#include <vector>

namespace actord::sim {

/// One server of the simulated cluster: its disk and clock, which outlive it, and the store while it runs.
///
///   up ──(power fails in a commit, or kill)──▶ down ──start──▶ up        paused: up, but nothing runs
///
/// Invariant: `seen` is the newest revision its watcher was handed or has listed; it never goes back, not
/// even across a crash, since nothing is published before it is synced.
class member {
public:
  member(member_id id, std::uint64_t seed, std::chrono::seconds clock_error, const household& values);

  /// Makes the disk of a new cluster's member.
  void initialise(const std::vector<storage::raft_server>& servers);
  /// Makes the disk of a member that is yet to join.
  void join();
  /// Has a disk with anything on it: was there from the beginning, or joined.
  [[nodiscard]] bool known() const { return known_; }
  void start(network& net, truth& history, const storage::store_limits& limits,
             storage::fault_points wrong = {});
  /// The process is gone; what it had in memory with it. Its callbacks are answered by nobody.
  void kill(network& net);

  [[nodiscard]] member_id id() const { return id_; }
  [[nodiscard]] bool up() const { return engine_ != nullptr; }
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] bool fenced() const { return engine_->fenced(); }
  /// An object on its disk is not what was written, since it was last sound.
  [[nodiscard]] bool damaged() const { return damaged_; }
  void damage(std::uint64_t choice, bool unseen);
  /// Its state was replaced.
  void heal() { damaged_ = false; }
  /// Runs and its power is on: what it says counts.
  [[nodiscard]] bool sane() const { return up() && !dying_ && !disk_.dead(); }
  [[nodiscard]] storage::store& store() { return *engine_; }
  [[nodiscard]] storage::kv::memory_disk& disk() { return disk_; }
  /// Goes up with every start: answers to an earlier one are worthless.
  [[nodiscard]] std::uint64_t incarnation() const { return incarnation_; }

  [[nodiscard]] const clock_source& clock() const { return clock_; }
  [[nodiscard]] random_source& random() { return random_; }
  [[nodiscard]] tenant* resident() const { return tenant_.get(); }

  void advance(std::chrono::microseconds by) {
    clock_.advance(by);
    if (tenant_) tenant_->advance(by);
  }
  void pause() { paused_ = true; }
  /// Its network says so, rightly or not.
  void tell_gone(member_id other);
  void resume(network& net);
  void pump();
  /// Tells the history what its watcher has been handed since.
  void watch(truth& history);
  /// It says something to somebody: what it has published by now is history, even if its power fails in the
  /// same moment.
  void speak() { watch(*history_); }

private:
  void hear(member_id from, std::string bytes);
  void list_anew(truth& history);

  member_id id_;
  std::string name_;
  manual_clock_source clock_;
  seeded_random_source random_;
  storage::kv::memory_disk disk_;
  const household& values_;
  std::unique_ptr<storage::store_engine> engine_;
  std::unique_ptr<tenant> tenant_;
  std::unique_ptr<storage::watch_cursor> cursor_;
  truth* history_ = nullptr; ///< of the run it was started in
  std::vector<std::pair<member_id, std::string>> while_paused_;
  revision seen_;
  std::uint64_t incarnation_ = 0;
  bool paused_ = false;
  bool known_ = false;
  bool dying_ = false;
  bool damaged_ = false;
};

} // namespace actord::sim
