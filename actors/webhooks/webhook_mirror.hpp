#pragma once

#include "actors/webhooks/webhook.hpp"
#include "storage/store.hpp"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>

namespace actord::actors {

/// The webhooks of the store's configurations, always up to date: as rbac_mirror, which says how. While
/// nothing changes, asking costs two loads and a shared pointer.
///
/// Must not outlive the store. Any thread.
class webhook_mirror {
public:
  explicit webhook_mirror(storage::store& store);
  webhook_mirror(const webhook_mirror&) = delete;
  webhook_mirror& operator=(const webhook_mirror&) = delete;

  /// Webhooks that hold every change whose write was answered before this call. Null when there are none.
  [[nodiscard]] std::shared_ptr<const webhook_set> current() const;

private:
  static constexpr std::size_t kind_count = 2;
  using hook_list = std::vector<std::shared_ptr<const webhook>>;

  void catch_up() const;
  /// False when the history a cursor stands in is gone.
  bool take_in_events() const;
  void read_all() const;
  void take_in(std::size_t which, std::string_view bytes) const;
  void publish() const;

  storage::store& store_;
  std::array<resource_id, kind_count> resources_; ///< by webhook_kind

  /// Guards all that follows but the atomics.
  mutable std::mutex mutex_;
  mutable bool read_ = false;
  mutable std::array<std::map<std::string, hook_list>, kind_count> hooks_; ///< by name of the configuration

  mutable std::atomic<std::uint64_t> told_{1};
  mutable std::atomic<std::uint64_t> seen_{0};
  mutable std::atomic<bool> any_{false};
  mutable std::atomic<std::shared_ptr<const webhook_set>> set_;
  /// Last, so that they are gone before what their waking touches.
  mutable std::array<std::unique_ptr<storage::watch_cursor>, kind_count> cursors_;
};

} // namespace actord::actors
