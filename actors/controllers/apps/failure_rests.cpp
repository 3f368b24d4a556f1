#include "actors/controllers/apps/failure_rests.hpp"

#include <algorithm>

namespace actord::actors {

void failure_rests::note(const std::string& place, wall_time now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(rests_, [&](const auto& one) { return is_quiet(one.second, now); });
  const auto [found, added] = rests_.try_emplace(place, rest{now, first_});
  if (!added) found->second = {now, std::min(2 * found->second.length, longest_)};
}

std::optional<wall_time> failure_rests::until(const std::string& place, wall_time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = rests_.find(place);
  if (found == rests_.end() || is_quiet(found->second, now)) return std::nullopt;
  const wall_time end = found->second.began + found->second.length;
  return end > now ? std::optional(end) : std::nullopt;
}

} // namespace actord::actors
