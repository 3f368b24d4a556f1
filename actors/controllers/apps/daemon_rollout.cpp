#include "actors/controllers/apps/daemon_rollout.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

/// The first `room` of `candidates` after what is decided already.
template <class Item>
void take(std::vector<Item>& decided, const std::vector<Item>& candidates, std::int64_t room) {
  const auto most = std::clamp<std::int64_t>(room, 0, static_cast<std::int64_t>(candidates.size()));
  decided.insert(decided.end(), candidates.begin(), candidates.begin() + most);
}

} // namespace

daemon_step replace_in_place(const std::vector<daemon_place>& places, std::int64_t max_unavailable) {
  daemon_step out;
  std::vector<const replica_pod*> candidates;
  std::int64_t unavailable = 0;
  for (const daemon_place& place : places) {
    const bool single = (place.old == nullptr) != (place.present == nullptr);
    if (place.crowded || !single) {
      ++unavailable; // being made, or cleared up
    } else if (place.present != nullptr) {
      if (!place.present_available) ++unavailable;
    } else if (!place.old_available) {
      out.remove.push_back(place.old);
      ++unavailable;
    } else {
      candidates.push_back(place.old);
    }
  }
  take(out.remove, candidates, max_unavailable - unavailable);
  return out;
}

daemon_step replace_beside(const std::vector<daemon_place>& places, std::int64_t max_surge,
                           std::int64_t desired) {
  daemon_step out;
  std::vector<std::string> candidates;
  std::vector<const replica_pod*> unwanted;
  std::int64_t surging = 0, available = 0;
  for (const daemon_place& place : places) {
    if (place.crowded) {
      ++surging;
      continue;
    }
    if (place.old != nullptr ? place.old_available : place.present_available) ++available;
    if (place.old == nullptr) continue;
    if (place.present != nullptr) {
      if (place.present_available)
        out.remove.push_back(place.old);
      else
        ++surging;
    } else if (!place.wanted) {
      if (place.old_available)
        unwanted.push_back(place.old);
      else
        out.remove.push_back(place.old);
    } else if (!place.old_available) {
      out.create_on.push_back(place.node);
    } else {
      candidates.push_back(place.node);
    }
  }
  take(out.remove, unwanted, available - desired);
  take(out.create_on, candidates, max_surge - surging);
  return out;
}

} // namespace actord::actors
