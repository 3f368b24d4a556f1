#include "actors/nodes/fence/epoch_board.hpp"

#include <algorithm>

namespace actord::actors {

void epoch_board::begin(steady_time now) {
  const std::scoped_lock hold(mutex_);
  began_ = now;
  confirmed_.clear();
}

void epoch_board::confirmed(const std::string& node, steady_time now) {
  const std::scoped_lock hold(mutex_);
  steady_time& at = confirmed_[node];
  at = std::max(at, now);
}

std::optional<steady_time> epoch_board::counted_from(std::string_view node) const {
  const std::scoped_lock hold(mutex_);
  if (!began_) return std::nullopt;
  const auto found = confirmed_.find(node);
  return found == confirmed_.end() ? *began_ : std::max(*began_, found->second);
}

} // namespace actord::actors
