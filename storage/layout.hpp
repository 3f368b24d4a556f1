#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

/// The keys of every table: where a thing lies in data.mdb. Integers in keys are big endian.
///
/// An *address* names an object inside keys: `resource:u16 space 00 name`, so that one resource lies
/// together, ordered by namespace, then name. It is at most 400 bytes: a longer one keeps its first 383
/// bytes, then 01, then 16 bytes of hash of the whole, and what needs the full name reads it from the object.
///
///   table        key                                   value
///   objects      address                               the object as schema/storage.capnp defines it
///   by_owner     hash128(owner uid) address            full names (empty unless the address was cut)
///   by_label     resource:u16 hash64(key=value) space 00 name          the same
///   by_node      hash128(node name) address            the same
///   by_deadline  deadline:u64 (ns since 1970) address  the same
///   versions     address 00 revision:u64               what the object was before that change (see below)
///   log          index:u64 chunk:u32                   up to 4080 bytes of a log entry (schema/log.capnp)
///   requests     index:u64 number:u32                  outcome and id of one identified transaction
///   meta         a word                                this member's own state
///
/// A create writes no row in `versions`; an update or a removal at revision R writes one: `previous:u64`,
/// followed by the previous bytes themselves only when the log may no longer hold them. Worked example, key
/// k: created at 5, updated at 8, removed at 9, created at 12. Rows: (k,8)→5, (k,9)→8. What was k at 6? The
/// first row above 6 is (k,8), it was version 5. At 10? No row above 10, the object lives at 12 > 10: it did
/// not exist. At 3? The first row above 3 is (k,8) → 5, but 5 > 3: it did not exist yet.

namespace actord::storage::layout {

inline constexpr std::size_t max_address_bytes = 400;
/// One LMDB page less its header: a chunk fills one page of its own and never needs neighbours, so that a
/// fragmented file does not slow the log down.
inline constexpr std::size_t log_chunk_bytes = 4080;

std::string address(const object_key& key);
/// All addresses of a resource, or of a namespace in it unless `space` is empty, begin with this.
std::string address_prefix(resource_id resource, std::string_view space);
/// The key in an address; nullopt when it was cut and only the object knows.
std::optional<object_key> parse_address(std::string_view address);

std::string owner_prefix(std::string_view owner_uid);
std::string node_prefix(std::string_view node);
std::string deadline_prefix(wall_time deadline);
inline constexpr std::size_t hash128_bytes = 16;
inline constexpr std::size_t deadline_bytes = 8;

/// by_label puts the hash between resource and namespace.
std::string label_prefix(resource_id resource, std::string_view label, std::string_view value,
                         std::string_view space);
std::string label_row(resource_id resource, std::string_view label, std::string_view value,
                      std::string_view address);
/// The address inside a by_label key.
std::string label_address(std::string_view row);

std::string version_prefix(std::string_view address);
std::string version_row(std::string_view address, revision at);

std::string log_row(raft_index index, std::uint32_t chunk);
std::string request_row(raft_index index, std::uint32_t number);

inline constexpr std::string_view meta_state = "state";
inline constexpr std::string_view meta_vote = "vote";
inline constexpr std::string_view meta_identity = "identity";
inline constexpr std::string_view meta_configuration = "configuration";
/// Rows "term" + first index:u64 → term:u64: the terms of the log without reading it.
inline constexpr std::string_view meta_term = "term";
inline constexpr std::string_view meta_marks = "marks";
inline constexpr std::string_view meta_fenced = "fenced";
/// Of a scratch map only: how far a snapshot has been received.
inline constexpr std::string_view meta_incoming = "incoming";

/// Appends what an index row carries as its value: nothing, or the full names of a cut address.
std::string full_names(const object_key& key, std::string_view address);
/// The object an index row points at.
object_key row_key(std::string_view address, std::string_view names);

} // namespace actord::storage::layout
