#include "actors/flow/fair_queues.hpp"

#include "schema/base/always.hpp"

#include <algorithm>

namespace actord::actors {

std::vector<std::uint32_t> deal_hand(std::uint64_t flow, std::uint32_t queues, std::uint32_t hand) {
  std::vector<std::uint32_t> cards;
  for (std::uint32_t dealt = 0; dealt < std::min(hand, queues); ++dealt) {
    // A card among those left; each one dealt before that is not above it moves it up by one.
    auto card = static_cast<std::uint32_t>(flow % (queues - dealt));
    flow /= queues - dealt;
    std::vector<std::uint32_t> before = cards;
    std::ranges::sort(before);
    for (const std::uint32_t other : before)
      if (other <= card) ++card;
    cards.push_back(card);
  }
  return cards;
}

void fair_queues::reshape(std::uint32_t queues, std::uint32_t hand, std::uint32_t length) {
  hand_ = std::max(1U, hand);
  length_ = std::max(1U, length);
  queues = std::max(1U, queues);
  // Fewer queues than before: what waits in those that go joins others; nobody is turned away for it.
  for (std::size_t at = queues; at < queues_.size(); ++at) {
    queue& to = queues_[at % queues];
    if (to.requests.empty()) to.start = virtual_time_;
    to.requests.splice(to.requests.end(), queues_[at].requests);
    to.seats += queues_[at].seats;
  }
  queues_.resize(queues);
}

bool fair_queues::push(std::uint64_t flow, const flow_waiting& request) {
  if (queues_.empty()) queues_.resize(1);
  queue* best = nullptr;
  for (const std::uint32_t card : deal_hand(flow, static_cast<std::uint32_t>(queues_.size()), hand_)) {
    queue& candidate = queues_[card];
    if (candidate.requests.size() >= length_) continue;
    if (best == nullptr || candidate.seats < best->seats) best = &candidate;
  }
  if (best == nullptr) return false;
  if (best->requests.empty()) best->start = std::max(best->start, virtual_time_);
  best->requests.push_back(request);
  best->seats += request.seats;
  ++size_;
  return true;
}

std::optional<std::size_t> fair_queues::next() const {
  std::optional<std::size_t> best;
  if (size_ == 0) return best;
  for (std::size_t at = 0; at < queues_.size(); ++at)
    if (!queues_[at].requests.empty() && (!best || queues_[at].start < queues_[*best].start)) best = at;
  return best;
}

const flow_waiting* fair_queues::front() const {
  const auto at = next();
  return at ? &queues_[*at].requests.front() : nullptr;
}

void fair_queues::pop_front() {
  const auto at = next();
  ALWAYS(at.has_value());
  queue& from = queues_[*at];
  virtual_time_ = from.start;
  from.start += from.requests.front().seats;
  from.seats -= from.requests.front().seats;
  from.requests.pop_front();
  --size_;
}

void fair_queues::remove_older(std::int64_t limit_ns, std::vector<flow_waiting>& removed) {
  if (size_ == 0) return;
  for (queue& each : queues_) {
    const auto old = [&](const flow_waiting& request) { return request.since_ns < limit_ns; };
    for (const flow_waiting& request : each.requests) {
      if (!old(request)) continue;
      removed.push_back(request);
      each.seats -= request.seats;
      --size_;
    }
    std::erase_if(each.requests, old);
  }
}

} // namespace actord::actors
