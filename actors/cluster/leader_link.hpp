#pragma once

#include "schema/base/result.hpp"
#include "storage/cluster.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace actord::actors {

/// How one server asks another: the network between servers, seen from the actors.
class leader_link {
public:
  virtual ~leader_link() = default;
  /// Whether there is more than one server, so that another could lead. Any thread; quick.
  [[nodiscard]] virtual bool has_others() const { return true; }

  /// Asks `member` by method name. `done` is called exactly once, on any thread, maybe before this returns:
  /// with the answer, with `unavailable` when nothing was sent, with `timeout` when what became of it is
  /// unknown, or with the other side's error. Never blocks.
  virtual void call(storage::member_id member, std::string_view method, std::string payload,
                    std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) = 0;
};

} // namespace actord::actors
