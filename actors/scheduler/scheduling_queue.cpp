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
  if (const auto found = aside_.find(uid); found != aside_.end()) aside_.erase(found);
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
  aside_.insert_or_assign(std::move(uid), set_aside_item{std::move(what), now + wait});
}

std::optional<steady_time> scheduling_queue::tick(steady_time now) {
  if (!moved_) return std::nullopt;
  std::vector<std::string> due;
  std::optional<steady_time> earliest;
  for (const auto& [uid, entry] : aside_) {
    if (entry.not_before <= now)
      due.push_back(uid);
    else if (!earliest || entry.not_before < *earliest)
      earliest = entry.not_before;
  }
  for (const auto& uid : due) {
    const auto found = aside_.find(uid);
    item what = std::move(found->second.what);
    aside_.erase(found);
    make_ready(std::move(what));
  }
  moved_ = earliest.has_value();
  return earliest;
}

bool scheduling_queue::knows(std::string_view uid) const {
  return ready_order_.find(uid) != ready_order_.end() || aside_.find(uid) != aside_.end();
}

} // namespace actord::actors
