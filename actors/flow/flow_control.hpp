#pragma once

#include "actors/flow/fair_queues.hpp"
#include "actors/flow/flow_rules.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace actord::actors {

/// Who may run now: the decisions of API priority and fairness as values in, verdicts out. Not thread-safe;
/// the gate (flow_gate.hpp) asks it under a lock and carries the verdicts out.
///
/// A level may take a seat when
///   - it stays within the seats it keeps for itself, or
///   - it stays within `most`, and what the other levels keep for themselves and do not use stays free;
///   beyond `nominal`
///     it borrows, and only while no other level that is below its own nominal waits.
/// Sum of seats in use ≤ sum of nominal. A request as wide as a level waits until it fits; those behind it
/// wait too.
class flow_control {
public:
  enum class verdict : std::uint8_t { run, wait, refuse };
  struct decision {
    verdict what = verdict::run;
    flow_ticket ticket = 0; ///< when it waits
  };

  /// Takes the settings of these levels, keeping what runs and waits in those of the same name. Returns the
  /// number under which each is known from here on. Levels that are gone are emptied as their requests end.
  std::vector<std::size_t> configure(const std::vector<level_settings>& levels);

  decision arrive(std::size_t level, std::uint64_t flow, std::uint32_t seats, std::int64_t now_ns);
  /// A request ended that had seats.
  void finish(std::size_t level, std::uint32_t seats);
  /// Appends the tickets of those that run now. To be asked after every other call that may have made room.
  void start(std::vector<flow_ticket>& tickets);
  /// Appends the tickets of those that wait since before `limit_ns`; they are out.
  void expire(std::int64_t limit_ns, std::vector<flow_ticket>& expired);
  /// The width a request is given in a level: one that no level could ever hold would wait for ever.
  [[nodiscard]] std::uint32_t fitting(std::size_t level, std::uint32_t seats) const;

  struct level_counts {
    std::string name;
    std::uint32_t nominal = 0;
    std::uint64_t in_use = 0; ///< seats
    std::uint64_t running = 0;
    std::uint64_t waiting = 0;
    std::uint64_t dispatched = 0; ///< since start
    std::uint64_t refused = 0;
    std::uint64_t expired = 0;
  };
  [[nodiscard]] std::vector<level_counts> counts() const;
  [[nodiscard]] std::uint64_t waiting() const { return waiting_; }

private:
  struct level_state {
    level_settings settings;
    bool there = true; ///< false: its object is gone
    std::uint64_t in_use = 0;
    std::uint64_t running = 0;
    fair_queues queues;
    std::uint64_t dispatched = 0;
    std::uint64_t refused = 0;
    std::uint64_t expired = 0;
  };
  [[nodiscard]] bool may_take(const level_state& level, std::uint32_t seats) const;
  [[nodiscard]] bool others_wait_for_their_own(const level_state& level) const;
  [[nodiscard]] level_state* next_level();
  void take(level_state& level, std::uint32_t seats);

  std::vector<level_state> levels_;
  std::uint64_t total_ = 0;
  std::uint64_t in_use_ = 0; ///< by levels that are not exempt
  std::uint64_t waiting_ = 0;
  flow_ticket last_ticket_ = 0;
};

} // namespace actord::actors
