#include "actors/scheduler/scheduling_queue.hpp"

#include <algorithm>
#include <vector>

namespace actord::actors {

namespace {

constexpr auto first_back_off = std::chrono::seconds(1);
constexpr auto longest_back_off = std::chrono::seconds(10);

} // namespace

void scheduling_queue::put(std::shared_ptr<const scheduling_pod> pod, revision at) {
  const std::string uid = pod->uid;
  int attempts = 0;
  if (const auto aside = aside_.find(uid); aside != aside_.end()) attempts = aside->second.what.attempts;
  remove(uid);
  make_ready({std::move(pod), at, attempts});
}

void scheduling_queue::make_ready(item what) {
  const order where{what.pod->priority, ++turn_};
  ready_order_[what.pod->uid] = where;
  ready_.emplace(where, std::move(what));
}

void scheduling_queue::remove(std::string_view uid) {
  if (const auto found = ready_order_.find(uid); found != ready_order_.end()) {
    ready_.erase(found->second);
    ready_order_.erase(found);
  }
  if (const auto found = aside_.find(uid); found != aside_.end()) take(found);
}

scheduling_queue::item scheduling_queue::take(aside_map::iterator entry) {
  item out = std::move(entry->second.what);
  if (!out.pod->spread.empty()) --spreading_;
  aside_.erase(entry);
  return out;
}

std::optional<scheduling_queue::item> scheduling_queue::next() {
  if (ready_.empty()) return std::nullopt;
  item out = std::move(ready_.begin()->second);
  ready_.erase(ready_.begin());
  ready_order_.erase(out.pod->uid);
  return out;
}

void scheduling_queue::set_aside(item what, steady_time now) {
  const auto wait = std::min<std::chrono::nanoseconds>(first_back_off * (1 << std::min(what.attempts, 5)),
                                                       longest_back_off);
  ++what.attempts;
  std::string uid = what.pod->uid;
  remove(uid);
  if (!what.pod->spread.empty()) ++spreading_;
  aside_.emplace(std::move(uid), set_aside_item{std::move(what), now + wait});
}

void scheduling_queue::hold(std::string_view uid) {
  if (const auto found = aside_.find(uid); found != aside_.end()) found->second.held = true;
}

void scheduling_queue::release(std::string_view uid) {
  const auto found = aside_.find(uid);
  if (found == aside_.end()) return;
  moved_ = moved_ || found->second.missed;
  found->second.held = found->second.missed = false;
}

void scheduling_queue::hurry(std::string_view uid) {
  const auto found = aside_.find(uid);
  if (found == aside_.end()) return;
  if (found->second.held)
    found->second.missed = true;
  else
    make_ready(take(found));
}

std::optional<steady_time> scheduling_queue::tick(steady_time now) {
  if (!moved_) return std::nullopt;
  std::vector<std::string> due;
  std::optional<steady_time> earliest;
  for (auto& [uid, entry] : aside_) {
    if (entry.held) {
      entry.missed = true;
      continue;
    }
    if (entry.not_before <= now)
      due.push_back(uid);
    else if (!earliest || entry.not_before < *earliest)
      earliest = entry.not_before;
  }
  for (const auto& uid : due) {
    make_ready(take(aside_.find(uid)));
  }
  moved_ = earliest.has_value();
  return earliest;
}

bool scheduling_queue::knows(std::string_view uid) const {
  return ready_order_.find(uid) != ready_order_.end() || aside_.find(uid) != aside_.end();
}

} // namespace actord::actors
