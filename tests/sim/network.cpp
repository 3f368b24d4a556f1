#include "tests/sim/network.hpp"

#include <algorithm>

namespace actord::sim {

class network::port final : public storage::raft_transport {
public:
  port(network& owner, member_id self) : owner_(owner), self_(self) {}
  void send(member_id to, std::string bytes) override { owner_.send(self_, to, std::move(bytes)); }

private:
  network& owner_;
  member_id self_;
};

std::unique_ptr<storage::raft_transport> network::endpoint(member_id self) {
  return std::make_unique<port>(*this, self);
}

void network::attach(member_id self, receiver deliver) {
  receivers_[self] = std::move(deliver);
  ++incarnations_[self];
}

void network::send(member_id from, member_id to, std::string bytes) {
  if (is_dead_ && is_dead_(from)) return;
  if (cuts_.contains({from, to}) || dice_.chance(weather_.loss_per_mille)) return;
  if (distortion_) bytes = distortion_(std::move(bytes));
  deliver_later(from, to, bytes);
  if (dice_.chance(weather_.twice_per_mille)) deliver_later(from, to, bytes);
}

void network::deliver_later(member_id from, member_id to, const std::string& bytes) {
  time_us arrives = now_ + dice_.between(weather_.delay_min_us, weather_.delay_max_us);
  time_us& newest = newest_[{from, to}];
  if (!dice_.chance(weather_.reorder_per_mille)) arrives = std::max(arrives, newest);
  newest = std::max(newest, arrives);
  schedule_(arrives - now_, [this, from, to, bytes, life = incarnations_[to]] {
    if (incarnations_[to] != life || cuts_.contains({from, to})) return;
    const auto found = receivers_.find(to);
    if (found == receivers_.end() || !found->second) return;
    if (ear_) ear_(from, to, bytes);
    found->second(from, bytes);
  });
}

} // namespace actord::sim
