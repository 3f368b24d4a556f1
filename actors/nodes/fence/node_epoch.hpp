#pragma once

#include "actors/nodes/fence/fence_terms.hpp"
#include "runtime/fence/deadline_file.hpp"

#include <cstdint>
#include <mutex>
#include <optional>

namespace actord::actors {

/// The epoch of this node (fence_terms.hpp), and the deadline of its fenced pods that follows from it. All
/// from any thread.
class node_epoch {
public:
  explicit node_epoch(runtime::deadline_file& file);

  void answered_yes(runtime::boot_time sent);
  void alone();
  [[nodiscard]] std::optional<std::uint64_t> current() const;

private:
  void put(const node_epoch_state& next);

  runtime::deadline_file& file_;
  mutable std::mutex mutex_;
  node_epoch_state state_;
};

} // namespace actord::actors
