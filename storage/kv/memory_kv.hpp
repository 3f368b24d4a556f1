#pragma once

#include "storage/kv/kv.hpp"

#include <memory>

/// The in-memory twin of LMDB. A `memory_disk` outlives the environments opened on it, as a disk outlives a
/// process, so that a test can cut the power at a chosen commit and open it again.

namespace actord::storage::kv {

class memory_disk {
public:
  memory_disk();
  ~memory_disk();
  memory_disk(const memory_disk&) = delete;
  memory_disk& operator=(const memory_disk&) = delete;

  /// What the commit that comes after `commits` more does, once.
  enum class fault : std::uint8_t {
    none,
    full,          ///< finds no space: commit fails, nothing is changed
    power_dropped, ///< the power fails before the sync: the commit and all after it never happened
    power_torn,    ///< the power fails after the sync: it is on disk, but nobody was told
  };
  void arm(fault what, std::uint64_t commits);
  /// The power failed: commits are accepted and lost until `restore_power`.
  [[nodiscard]] bool dead() const;
  void restore_power();
  [[nodiscard]] std::uint64_t commits() const;
  /// Pages of a map of this size, by the sum of key and value bytes; 0 is no limit.
  void limit_bytes(std::uint64_t bytes);

  struct state;
  [[nodiscard]] const std::shared_ptr<state>& shared() const { return state_; }

private:
  std::shared_ptr<state> state_;
};

/// Several environments on one disk at a time would be two processes on one directory: a test's mistake.
std::unique_ptr<environment> open_memory(const memory_disk& disk);

} // namespace actord::storage::kv
