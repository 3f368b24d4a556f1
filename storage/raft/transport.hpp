#pragma once

#include "storage/cluster.hpp"
#include "storage/raft/consensus.hpp"

#include <string>
#include <string_view>

/// What members say to each other, as bytes; storage/cluster.hpp has the transport itself.

namespace actord::storage {

/// The bytes between members: version, checksum, type, fields, entries (schema/log.capnp).
std::string encode_message(const raft_message& message);
/// `from` is who the transport says it is. Anything malformed is a `bad_request`.
result<raft_message> decode_message(member_id from, std::string_view bytes);

inline constexpr std::size_t max_message_bytes = 64U << 20U;

} // namespace actord::storage
