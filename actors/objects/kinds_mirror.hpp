#pragma once

#include "storage/store.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace actord::actors {

/// What some kinds of objects say, always up to date; the class that derives from it keeps it in its own
/// form.
///
/// The store tells of a change before it answers the write that made it, and telling only counts: whoever
/// asks next finds the count ahead, takes in what changed (others wait for that) and goes on with what is
/// new. While nothing changes, asking costs two loads.
///
///   commit ──▶ told_ + 1 ──▶ write answered ──▶ next question: seen_ ≠ told_ ──▶ take in, publish ──▶ seen_
///   = told_
///
/// Must not outlive the store. Any thread.
class kinds_mirror {
public:
  kinds_mirror(const kinds_mirror&) = delete;
  kinds_mirror& operator=(const kinds_mirror&) = delete;

protected:
  /// `kinds` in the order in which they are told of; `what` they are, in words of the log.
  kinds_mirror(storage::store& store, std::vector<resource_id> kinds, std::string_view what);
  virtual ~kinds_mirror() = default;

  /// What is published afterwards holds every change whose write was answered before this call.
  void catch_up() const {
    if (seen_.load(std::memory_order_acquire) != told_.load(std::memory_order_acquire)) take_turn();
  }

private:
  // One at a time, by whoever asks first.
  /// All is told anew.
  virtual void forget_all() const = 0;
  /// `which` of the kinds. Damaged bytes may come too.
  virtual void take_in(std::size_t which, const object_key& key, std::string_view bytes) const = 0;
  virtual void forget(std::size_t which, const object_key& key) const = 0;
  virtual void publish() const = 0;

  void take_turn() const;
  /// False when the history a cursor stands in is gone.
  bool take_in_events() const;
  void read_all() const;

  storage::store& store_;
  const std::vector<resource_id> kinds_;
  const std::string_view what_;

  mutable std::mutex mutex_; ///< guards all but the atomics
  mutable std::atomic<std::uint64_t> told_{1};
  mutable std::atomic<std::uint64_t> seen_{0};
  /// Last, so that they are gone before what their waking touches.
  mutable std::vector<std::unique_ptr<storage::watch_cursor>> cursors_;
};

/// What a mirror publishes where there is mostly nothing: then a look costs one load.
template <class Set>
class published_set {
public:
  /// Null for nothing.
  void store(std::shared_ptr<const Set> set) {
    const bool any = set != nullptr;
    set_.store(std::move(set), std::memory_order_release);
    any_.store(any, std::memory_order_release);
  }
  [[nodiscard]] std::shared_ptr<const Set> load() const {
    return any_.load(std::memory_order_acquire) ? set_.load(std::memory_order_acquire) : nullptr;
  }

private:
  std::atomic<bool> any_{false};
  std::atomic<std::shared_ptr<const Set>> set_;
};

} // namespace actord::actors
