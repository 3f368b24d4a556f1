#pragma once

#include "net/peer/feed.hpp"
#include "schema/base/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

/// How far a worker was told, as a record in its own store.

namespace actord::actors {

object_key position_key();
std::string encode_position(const net::feed_position& position);
/// Nothing for what is no such record.
std::optional<net::feed_position> decode_position(std::string_view bytes);

} // namespace actord::actors
