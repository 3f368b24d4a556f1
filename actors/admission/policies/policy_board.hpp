#pragma once

#include "actors/admission/policies/compiled_policy.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>

namespace actord::storage {
class store;
class watch_cursor;
} // namespace actord::storage

namespace actord::actors {

/// The policies in force, compiled, as this member's copy of the store has them. Any thread. While nothing
/// changes, asking costs a look at one flag; a change is taken up by the next who asks.
class policy_board {
public:
  /// Of one kind of policies and their bindings, by plural. Nothing is read before somebody asks. The store
  /// and the names must outlive the board.
  policy_board(storage::store& store, std::string_view policies, std::string_view bindings);
  ~policy_board();
  policy_board(const policy_board&) = delete;
  policy_board& operator=(const policy_board&) = delete;

  /// Null when there are none.
  [[nodiscard]] std::shared_ptr<const policy_set> current();

private:
  void follow();
  bool drain(storage::watch_cursor& cursor);

  storage::store& store_;
  std::string_view policy_plural_;
  std::string_view binding_plural_;
  /// Raised by the store's thread, which may outlive the board.
  std::shared_ptr<std::atomic<bool>> raised_ = std::make_shared<std::atomic<bool>>(true);
  std::atomic<bool> any_ = false;
  std::mutex guard_;
  std::unique_ptr<storage::watch_cursor> policies_;
  std::unique_ptr<storage::watch_cursor> bindings_;
  std::shared_ptr<const policy_set> set_; ///< under `guard_`
};

} // namespace actord::actors
