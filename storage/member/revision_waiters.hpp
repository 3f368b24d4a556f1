#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <functional>
#include <vector>

namespace actord::storage {

struct revision_waiter {
  revision at;
  steady_time until;
  std::function<void(result<void>)> ready;
};

/// Who waits for this replica to reach a revision. Each is answered once: when it is reached, or with
/// `timeout` when its time is over. Lives on the store's thread.
class revision_waiters {
public:
  void add(revision_waiter one) { waiting_.push_back(std::move(one)); }
  /// `last` is applied and can be read.
  void fire(revision last, steady_time now);
  void end();
  /// Far away when nobody waits.
  [[nodiscard]] steady_time deadline() const;

private:
  std::vector<revision_waiter> waiting_;
};

} // namespace actord::storage
