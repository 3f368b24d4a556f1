#include "actors/nodes/fence/node_epoch.hpp"

#include <spdlog/spdlog.h>

namespace actord::actors {

/// Numbers begin where no earlier daemon of this machine can have come.
node_epoch::node_epoch(runtime::deadline_file& file)
    : file_(file),
      state_{.until = file.get(),
             .number = static_cast<std::uint64_t>(runtime::boot_clock::now().time_since_epoch().count()),
             .answered = false} {}

void node_epoch::answered_yes(runtime::boot_time sent) {
  const std::scoped_lock hold(mutex_);
  put(after_yes(state_, sent, runtime::boot_clock::now()));
}

void node_epoch::alone() {
  const std::scoped_lock hold(mutex_);
  put(after_alone(state_));
}

void node_epoch::put(const node_epoch_state& next) {
  if (state_.answered && next.number != state_.number)
    spdlog::warn("this node was not heard for {} s: pods of StatefulSets ended, and are asked for again",
                 fence_length.count());
  state_ = next;
  file_.set(state_.until);
}

std::optional<std::uint64_t> node_epoch::current() const {
  const std::scoped_lock hold(mutex_);
  return epoch_at(state_, runtime::boot_clock::now());
}

} // namespace actord::actors
