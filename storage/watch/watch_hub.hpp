#pragma once

#include "storage/kv/kv.hpp"
#include "storage/store.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

/// Hands committed changes to any number of subscribers. All share one bounded buffer of the newest events;
/// who falls behind it reads the log at its own pace and costs the others nothing.
///
/// A cursor is either *armed*: nothing in its scope is above its position, it stands in the index and moves
/// along with the head for free; or *due*: something in its scope was published and it has been woken once.
/// `next` drains it and arms it again.
///
///         publish finds an event in scope, wake()
///   armed ───────────────────────────────────────▶ due
///         ◀───────────────────────────────────────
///             next() reaches the head

namespace actord::storage {

class watch_hub {
public:
  struct limits {
    std::size_t buffer_bytes = 8U << 20U;
    std::size_t buffer_events = 16384;
  };
  using open_view = std::function<std::unique_ptr<kv::read_view>()>;

  /// `head` is the newest applied revision.
  watch_hub(open_view view, revision head, limits bounds);
  ~watch_hub();
  watch_hub(const watch_hub&) = delete;
  watch_hub& operator=(const watch_hub&) = delete;

  /// The next events, consecutive from head + 1; their transaction has ended.
  void publish(event_batch events);
  /// Everything up to `head` came at once, without its events: who stood below learns that they are gone.
  void jump(revision head);
  /// The cursor keeps what it needs of the hub alive; it may outlive it and then just ends.
  std::unique_ptr<watch_cursor> subscribe(watch_scope scope, revision after, std::function<void()> wake);
  [[nodiscard]] revision head() const;
  [[nodiscard]] std::size_t subscribers() const;

  struct shared;

private:
  std::shared_ptr<shared> shared_;
};

} // namespace actord::storage
