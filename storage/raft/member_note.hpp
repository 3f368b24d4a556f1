#pragma once

#include "schema/base/ids.hpp"
#include "storage/cluster.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// What members say to each other beside Raft's own messages. Any note may be lost, come twice or late.
///
/// As bytes: 4e, CRC-32C of the rest:u32, type:u8 (the place in member_note), then the fields in their order,
/// integers of 8 bytes, texts as bytes:u32 and themselves. What is longer than message_parts::part_bytes, a
/// note or a message of Raft's, travels in parts: 50, number of the message:u64, of the part:u32, how many
/// parts:u32, bytes.

namespace actord::storage {

/// To the leader: up to which entry must I have applied to serve a read that was asked for before this? And
/// the newest term that the one who asks knew when it did, which is all that a voter could say in a round.
struct read_question {
  std::uint64_t number = 0; ///< never used twice by one member
  raft_term term;
};
struct read_answer {
  std::uint64_t number = 0;
  raft_index index;
};
/// From the leader to the voters: is this still the newest term you know? An answer is a yes.
struct term_question {
  raft_term term;
  std::uint64_t round = 0;
};
struct term_answer {
  raft_term term;
  std::uint64_t round = 0;
};

/// To whoever offered a snapshot: the part behind `position`, of the moment `session` keeps, or of a new one
/// when that is 0. storage/snapshot says what positions, rows and summaries are.
struct snapshot_question {
  std::uint64_t session = 0;
  std::uint64_t part = 0;
  std::string position;
};
struct snapshot_part {
  std::uint64_t session = 0;
  std::uint64_t part = 0;
  std::string position; ///< of the last row
  std::string rows;
  std::string summary; ///< of the last part only
};
/// That moment is no longer kept.
struct snapshot_gone {
  std::uint64_t session = 0;
};

/// From the leader: what was the hash of your state once you had applied this entry? Whoever has not come so
/// far answers when it has.
struct state_question {
  raft_index at;
};
struct state_answer {
  raft_index at;
  std::uint64_t hash = 0;
};

using member_note = std::variant<read_question, read_answer, term_question, term_answer, snapshot_question,
                                 snapshot_part, snapshot_gone, state_question, state_answer>;

std::string encode_note(const member_note& note);
/// Whether the bytes are a note at all, rather than a message of Raft's.
bool is_note(std::string_view bytes);
/// Nothing when malformed.
std::optional<member_note> decode_note(std::string_view bytes);

} // namespace actord::storage
