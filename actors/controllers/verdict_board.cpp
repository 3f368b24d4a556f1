#include "actors/controllers/verdict_board.hpp"

#include <algorithm>

namespace actord::actors {

void verdict_board::note(const object_key& about, verdict what) {
  const std::lock_guard lock(mutex_);
  auto [found, fresh] = verdicts_.try_emplace(about);
  std::erase_if(found->second, [&](const verdict& old) { return old.by == what.by; });
  found->second.push_back(std::move(what));
  if (!fresh) return;
  order_.push_back(about);
  if (order_.size() > most_objects) {
    verdicts_.erase(order_.front());
    order_.pop_front();
  }
}

std::vector<verdict_board::verdict> verdict_board::about(const object_key& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = verdicts_.find(key);
  return found == verdicts_.end() ? std::vector<verdict>() : found->second;
}

} // namespace actord::actors
