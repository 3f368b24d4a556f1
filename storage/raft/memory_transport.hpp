#pragma once

#include "storage/raft/transport.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace actord::storage {

/// The in-memory twin of the network: members in one thread exchange messages when the test says so. Every
/// message passes `filter`, which may drop it; links between members can be cut.
class memory_network {
public:
  using receiver = std::function<void(member_id from, std::string bytes)>;

  /// The transport of `self`; valid as long as the network.
  raft_transport& endpoint(member_id self);
  /// Replaces the receiver; an empty one is a member that is down: what reaches it is lost.
  void attach(member_id self, receiver deliver) { receivers_[self] = std::move(deliver); }
  void cut(member_id one, member_id other, bool is_cut);
  /// Returns false for a message that is to be lost.
  void filter(std::function<bool(member_id from, member_id to, const std::string& bytes)> keep) {
    keep_ = std::move(keep);
  }

  /// Delivers the message sent first; false when none is under way.
  bool deliver_one();
  [[nodiscard]] std::size_t under_way() const { return queue_.size(); }

private:
  class port final : public raft_transport {
  public:
    port(memory_network& network, member_id self) : network_(network), self_(self) {}
    void send(member_id to, std::string bytes) override;

  private:
    memory_network& network_;
    member_id self_;
  };
  struct message {
    member_id from;
    member_id to;
    std::string bytes;
  };

  std::map<member_id, std::unique_ptr<port>> ports_;
  std::map<member_id, receiver> receivers_;
  std::vector<std::pair<member_id, member_id>> cuts_;
  std::function<bool(member_id, member_id, const std::string&)> keep_;
  std::deque<message> queue_;
};

} // namespace actord::storage
