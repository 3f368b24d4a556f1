#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace actord::storage {
class store;
}

namespace actord::actors {

class leader_wait;

/// This server's copy of the store, as fresh as a request wants it:
///
///   no version   everything that was acknowledged when the request came
///   0            anything, as long as this server hears from a leader
///   N            at least N, which is waited for: 504 when it does not come
///
/// Without a leader it waits a while for one, then the answer is 503.
class replica_reads {
public:
  /// Runs a job soon, on a thread where reading may take its time.
  using executor = std::function<void(std::function<void()> job)>;

  /// `waiting` null: a store that always leads.
  replica_reads(storage::store& store, std::shared_ptr<leader_wait> waiting, const clock_source& clock,
                executor run)
      : store_(store), waiting_(std::move(waiting)), clock_(clock), run_(std::move(run)) {}

  /// Calls `then` once, maybe before it returns, never on the store's own thread.
  void when_readable(std::optional<revision> at, std::function<void(result<void>)> then) const;
  [[nodiscard]] storage::store& store() const { return store_; }

private:
  void confirm(steady_time until, std::function<void(result<void>)> then) const;
  void hear_from_leader(steady_time until, std::function<void(result<void>)> then) const;

  storage::store& store_;
  std::shared_ptr<leader_wait> waiting_;
  const clock_source& clock_;
  executor run_;
};

/// How long a request waits for a leader.
inline constexpr std::chrono::milliseconds leader_patience{5000};

} // namespace actord::actors
