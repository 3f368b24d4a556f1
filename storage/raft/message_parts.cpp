#include "storage/raft/message_parts.hpp"

#include "schema/base/always.hpp"
#include "storage/encoding/bytes.hpp"
#include "storage/raft/transport.hpp"

#include <algorithm>

namespace actord::storage {
namespace {

/// Whole messages begin with another byte (their version).
constexpr std::uint8_t part_mark = 0x50;

} // namespace

std::vector<std::string> message_parts::cut(std::string message) {
  ALWAYS(message.size() <= max_message_bytes);
  std::vector<std::string> parts;
  if (message.size() <= part_bytes) {
    parts.push_back(std::move(message));
    return parts;
  }
  ++cut_;
  const auto count = static_cast<std::uint32_t>((message.size() + part_bytes - 1) / part_bytes);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string part;
    append_little(part, part_mark);
    append_little(part, cut_);
    append_little(part, i);
    append_little(part, count);
    part.append(message, i * part_bytes, part_bytes);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::optional<std::string> message_parts::put_together(member_id from, std::string_view bytes) {
  byte_reader reader(bytes);
  if (reader.take<std::uint8_t>() != part_mark) return std::string(bytes);
  const auto number = reader.take<std::uint64_t>();
  const auto position = reader.take<std::uint32_t>();
  const auto count = reader.take<std::uint32_t>();
  if (!reader.ok() || position >= count || count > max_message_bytes / part_bytes ||
      reader.rest().size() > part_bytes)
    return std::nullopt;
  if (arriving_.size() >= max_members && !arriving_.contains(from)) arriving_.clear();
  unfinished& there = arriving_[from];
  if (position == 0) there = {number, 0, count, {}};
  if (there.number != number || there.next != position || there.count != count) return std::nullopt;
  there.bytes.append(reader.rest());
  ++there.next;
  if (there.next < count) return std::nullopt;
  std::string whole = std::move(there.bytes);
  arriving_.erase(from);
  return whole;
}

} // namespace actord::storage
