#pragma once

#include "actors/authorization/access_rules.hpp"
#include "storage/store.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

namespace actord::actors {

/// The roles and bindings of the store as rules, always up to date.
///
/// The store tells of a change before it answers the write that made it, and telling only counts: whoever
/// asks next finds the count ahead, takes in what changed (others wait for that) and goes on with new rules.
/// While nothing changes, asking costs two loads.
///
///   commit ──▶ told_ + 1 ──▶ write answered ──▶ next question: seen_ ≠ told_ ──▶ take in, swap ──▶ seen_ =
///   told_
///
/// Must not outlive the store. Any thread.
class rbac_mirror {
public:
  explicit rbac_mirror(storage::store& store);
  rbac_mirror(const rbac_mirror&) = delete;
  rbac_mirror& operator=(const rbac_mirror&) = delete;

  /// Rules that hold every change whose write was answered before this call.
  [[nodiscard]] std::shared_ptr<const access_rules> current() const;

private:
  static constexpr std::size_t resource_count = 4;

  void catch_up() const;
  /// False when the history a cursor stands in is gone.
  bool take_in_events() const;
  void read_all() const;
  void take_in(std::size_t which, const object_key& key, std::string_view bytes) const;
  void forget(std::size_t which, const object_key& key) const;

  storage::store& store_;
  std::array<resource_id, resource_count> resources_;

  /// Guards all that follows but the atomics.
  mutable std::mutex mutex_;
  mutable std::unique_ptr<access_rules_editor> editor_;

  mutable std::atomic<std::uint64_t> told_{1};
  mutable std::atomic<std::uint64_t> seen_{0};
  mutable std::atomic<std::shared_ptr<const access_rules>> rules_;
  /// Last, so that they are gone before what their waking touches.
  mutable std::array<std::unique_ptr<storage::watch_cursor>, resource_count> cursors_;
};

} // namespace actord::actors
