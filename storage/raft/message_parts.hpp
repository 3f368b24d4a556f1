#pragma once

#include "storage/cluster.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace actord::storage {

/// Cuts what is longer than a transport takes at once. The parts of one message follow each other; when one
/// is lost, so is the message, as if it had never been sent.
class message_parts {
public:
  /// Longer messages are cut, so that a vote never waits behind a whole batch.
  static constexpr std::size_t part_bytes = 1U << 20U;

  /// The message itself when it is short enough.
  std::vector<std::string> cut(std::string message);
  /// The whole message once its last part is there; nothing before, and nothing for what makes no sense.
  std::optional<std::string> put_together(member_id from, std::string_view bytes);

private:
  struct unfinished {
    std::uint64_t number = 0;
    std::uint32_t next = 0;
    std::uint32_t count = 0;
    std::string bytes;
  };
  std::uint64_t cut_ = 0;                    ///< messages cut so far
  std::map<member_id, unfinished> arriving_; ///< at most one of each member, which max_members bounds
};

/// A transport for messages of any length over one that takes them cut.
class cutting_transport final : public raft_transport {
public:
  explicit cutting_transport(raft_transport& out) : out_(out) {}
  void send(member_id to, std::string bytes) override {
    for (std::string& part : parts_.cut(std::move(bytes))) out_.send(to, std::move(part));
  }

private:
  raft_transport& out_;
  message_parts parts_;
};

} // namespace actord::storage
