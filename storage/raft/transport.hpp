#pragma once

#include "storage/raft/consensus.hpp"

#include <string>
#include <string_view>

/// How members reach each other, seen from the store: encoded messages to a member, no promise that they
/// arrive.

namespace actord::storage {

class raft_transport {
public:
  virtual ~raft_transport() = default;
  /// Hands the bytes on and returns at once. Messages to one member keep their order while its connection
  /// holds; any may be lost, none may be changed or made up: peers are authenticated below.
  virtual void send(member_id to, std::string bytes) = 0;
};

/// The transport of a cluster of one.
class no_transport final : public raft_transport {
public:
  void send(member_id, std::string) override {}
};

/// The bytes between members: version, checksum, type, fields, entries (schema/log.capnp).
std::string encode_message(const raft_message& message);
/// `from` is who the transport says it is. Anything malformed is a `bad_request`.
result<raft_message> decode_message(member_id from, std::string_view bytes);

inline constexpr std::size_t max_message_bytes = 64U << 20U;

} // namespace actord::storage
