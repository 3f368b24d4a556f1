#include "storage/raft/memory_transport.hpp"

#include <algorithm>

namespace actord::storage {

raft_transport& memory_network::endpoint(member_id self) {
  std::unique_ptr<port>& there = ports_[self];
  if (!there) there = std::make_unique<port>(*this, self);
  return *there;
}

void memory_network::cut(member_id one, member_id other, bool is_cut) {
  const auto link = std::minmax(one, other);
  std::erase(cuts_, std::pair<member_id, member_id>(link));
  if (is_cut) cuts_.emplace_back(link);
}

void memory_network::port::send(member_id to, std::string bytes) {
  network_.queue_.push_back({self_, to, std::move(bytes)});
}

bool memory_network::deliver_one() {
  if (queue_.empty()) return false;
  message next = std::move(queue_.front());
  queue_.pop_front();
  const std::pair<member_id, member_id> link = std::minmax(next.from, next.to);
  if (std::ranges::find(cuts_, link) != cuts_.end()) return true;
  if (keep_ && !keep_(next.from, next.to, next.bytes)) return true;
  const auto to = receivers_.find(next.to);
  if (to != receivers_.end() && to->second) to->second(next.from, std::move(next.bytes));
  return true;
}

} // namespace actord::storage
