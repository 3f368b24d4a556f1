#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// One Raft command: a sealed batch of transactions as final bytes. schema/log.capnp is its specification.

namespace actord::storage {

enum class item_kind : std::uint8_t { put = 1, remove = 2 };

/// One object's new version; views the entry. Its revision is the entry's base plus its position.
struct log_item {
  item_kind kind = item_kind::put;
  object_key key;
  revision previous;      ///< what the object was before; 0 when it did not exist
  std::string_view value; ///< stamped with its revision
};

/// The outcome of a transaction that named itself, so that a retry anywhere gets it instead of a second
/// effect.
struct logged_request {
  std::string_view id;
  std::vector<revision> revisions;
};

/// What a batch says besides its items: enough to find one's way in the log without reading it.
struct batch_header {
  raft_term term;
  revision base; ///< revision of the first item; last applied + 1 even when there is none
  std::uint32_t items = 0;
  wall_time time;                  ///< the cluster's time when it was sealed; never below the entry before
  std::uint64_t logged_before = 0; ///< bytes of all batches before this one, ever
  revision announce;               ///< compaction: history up to here is gone; 0 for none
  raft_index trim;                 ///< compaction: log rows up to here may go; 0 for none
  /// The members agreed that this was the hash of the state once the entry that many before this one was
  /// applied; 0 for no check.
  std::uint32_t checked_before = 0;
  std::uint64_t checked_hash = 0;

  [[nodiscard]] revision last() const { return revision{base.value + items - 1}; }
};
inline constexpr std::size_t batch_header_bytes = 80;

/// Reads the fixed front of an entry; nullopt when it is not one. `front` holds at least batch_header_bytes.
std::optional<batch_header> parse_batch_header(std::string_view front);

/// A whole entry. Views the bytes it was opened on.
class batch_view {
public:
  /// Checks the frame and, unless `trusted`, the checksum over all of it. Damage is an `internal` error.
  static result<batch_view> open(std::string_view bytes, bool trusted);

  [[nodiscard]] const batch_header& header() const { return header_; }
  [[nodiscard]] log_item item(std::uint32_t position) const;
  [[nodiscard]] std::vector<logged_request> requests() const;

private:
  batch_view(std::string_view bytes, const batch_header& header) : bytes_(bytes), header_(header) {}

  std::string_view bytes_;
  batch_header header_;
};

/// Where in an entry the offset of an item stands, and the fixed front of an item: for readers of single
/// items.
std::size_t item_offset_position(std::uint32_t position);
inline constexpr std::size_t item_front_bytes = 20;
struct item_front {
  item_kind kind = item_kind::put;
  resource_id resource;
  std::size_t space_bytes = 0;
  std::size_t name_bytes = 0;
  std::size_t value_bytes = 0;
  revision previous;
};
item_front parse_item_front(std::string_view front);

/// Collects a batch and writes it out.
class batch_builder {
public:
  batch_builder(raft_term term, revision base, wall_time time, std::uint64_t logged_before);

  /// The value must carry `next_revision()` already.
  void add(item_kind kind, const object_key& key, revision previous, std::string_view value);
  void add_request(std::string_view id, const std::vector<revision>& revisions);
  void compact(revision announce, raft_index trim);
  void check(std::uint32_t entries_before, std::uint64_t hash);

  [[nodiscard]] revision next_revision() const { return revision{header_.base.value + offsets_.size()}; }
  [[nodiscard]] std::size_t bytes() const { return items_.size(); }
  [[nodiscard]] const batch_header& header() const { return header_; }
  [[nodiscard]] std::uint32_t items() const { return static_cast<std::uint32_t>(offsets_.size()); }
  [[nodiscard]] bool empty() const {
    return offsets_.empty() && header_.announce.value == 0 && header_.trim.value == 0 &&
           header_.checked_before == 0;
  }
  std::string finish();

private:
  batch_header header_;
  std::vector<std::size_t> offsets_; ///< within items_
  std::string items_;
  std::string requests_;
  std::uint32_t request_count_ = 0;
};

} // namespace actord::storage
