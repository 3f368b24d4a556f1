#pragma once

#include "schema/base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// An ordered, transactional map in a handful of tables: all the store asks of a disk. LMDB is the real one
/// (kv/lmdb_kv.hpp); the in-memory twin (kv/memory_kv.hpp) behaves the same and can lose power on command.
///
/// One writer at a time, any number of readers, each of which sees one committed state. A commit is atomic
/// and durable when it returns. Keys hold 1 to 511 bytes and are ordered as unsigned bytes.

namespace actord::storage::kv {

enum class table : std::uint8_t {
  objects,
  by_owner,
  by_label,
  by_node,
  by_deadline,
  versions,
  log,
  requests,
  meta
};
inline constexpr std::array<const char*, 9> table_names = {
    "objects", "by_owner", "by_label", "by_node", "by_deadline", "versions", "log", "requests", "meta"};
inline constexpr std::size_t table_count = table_names.size();
inline constexpr std::size_t max_key_bytes = 511;

/// Walks one table in key order. Dies with its view; a write through the same batch invalidates it.
class cursor {
public:
  virtual ~cursor() = default;
  /// Moves to the first key not below `key`; false when there is none.
  virtual bool seek(std::string_view key) = 0;
  /// Moves to the last key of the table.
  virtual bool seek_last() = 0;
  /// Moves to the last key below `key`.
  virtual bool seek_before(std::string_view key) = 0;
  virtual bool next() = 0;
  [[nodiscard]] virtual std::string_view key() const = 0;
  [[nodiscard]] virtual std::string_view value() const = 0;
};

/// A consistent state. The bytes it hands out live as long as it does (in a write batch: until the next
/// change).
class read_view {
public:
  virtual ~read_view() = default;
  [[nodiscard]] virtual std::optional<std::string_view> get(table where, std::string_view key) const = 0;
  [[nodiscard]] virtual std::unique_ptr<cursor> walk(table where) const = 0;
};

/// Changes that become durable together, or not at all when it is destroyed uncommitted.
class write_batch : public read_view {
public:
  virtual void put(table where, std::string_view key, std::string_view value) = 0;
  /// The same for a key above every other of the table: fills pages to the brim.
  virtual void append(table where, std::string_view key, std::string_view value) = 0;
  /// Puts only when there is no such key; otherwise changes nothing and returns what is there.
  [[nodiscard]] virtual std::optional<std::string_view> insert(table where, std::string_view key,
                                                               std::string_view value) = 0;
  virtual bool erase(table where, std::string_view key) = 0;
  /// Deletes every key in [from, to); returns how many.
  virtual std::size_t erase_range(table where, std::string_view from, std::string_view to) = 0;

  /// True once the disk or the map was found full: what follows is ignored and commit will say so.
  [[nodiscard]] virtual bool full() const = 0;
  /// Durable when it returns success. `unavailable` when there is no space: nothing was changed. A failed
  /// sync ends the process, because after one nobody knows what the disk holds.
  virtual result<void> commit() = 0;
};

struct usage {
  std::uint64_t used_bytes = 0;
  std::uint64_t map_bytes = 0;
};

class environment {
public:
  virtual ~environment() = default;
  [[nodiscard]] virtual std::unique_ptr<read_view> read() const = 0;
  /// On the one writing thread only.
  [[nodiscard]] virtual std::unique_ptr<write_batch> write() = 0;
  [[nodiscard]] virtual usage space() const = 0;
  [[nodiscard]] virtual std::uint64_t entries(table where) const = 0;
  /// A second map on the same disk, in which what is to replace this one is put together: empty when `fresh`,
  /// else as it was left, also by a process that died. At most one at a time; on the writing thread only.
  [[nodiscard]] virtual result<std::unique_ptr<environment>> scratch(bool fresh) = 0;
  /// Replaces everything by what `scratch` holds, atomically and durably: whoever opens this afterwards, also
  /// after a crash at any moment, finds all of the one or all of the other. Views that are open keep what
  /// they saw. No write batch may be open.
  virtual result<void> adopt(std::unique_ptr<environment> scratch) = 0;
  /// Frees what readers that died left pinned; cheap, now and then.
  virtual void tidy_readers() = 0;
};

/// The smallest key above every key that begins with `prefix`; empty when there is none.
std::string after_prefix(std::string_view prefix);

} // namespace actord::storage::kv
