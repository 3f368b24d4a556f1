#pragma once

#include "schema/base/ids.hpp"
#include "storage/kv/kv.hpp"
#include "storage/log/log_entry.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The Raft log as rows of the table `log`. It is also the history: events and old versions are read from
/// here.

namespace actord::storage {

enum class entry_kind : std::uint8_t { command = 1, barrier = 2, change = 3 };

struct log_entry {
  raft_term term;
  entry_kind kind = entry_kind::command;
  std::shared_ptr<const std::string> payload; ///< never null; empty for a barrier
};

/// A version read back from history.
struct logged_item {
  item_kind kind = item_kind::put;
  object_key key;
  revision at;
  revision previous;
  std::string value;
};

/// Reads the log in one view. Rows are trusted: LMDB wrote them, the offline inspector checks their
/// checksums.
class log_reader {
public:
  explicit log_reader(const kv::read_view& view) : view_(view) {}

  struct entry_front {
    raft_term term;
    entry_kind kind = entry_kind::command;
    std::size_t payload_bytes = 0;
  };
  [[nodiscard]] std::optional<entry_front> front(raft_index index) const;
  [[nodiscard]] std::optional<log_entry> entry(raft_index index) const;
  /// Empty for an entry that is not there or is no command.
  [[nodiscard]] std::optional<batch_header> batch(raft_index index) const;
  [[nodiscard]] logged_item item(raft_index index, const batch_header& batch, std::uint32_t position) const;

  [[nodiscard]] object_key item_key(raft_index index, const batch_header& batch,
                                    std::uint32_t position) const;

  /// First and last index there are rows of; zeros when there are none.
  [[nodiscard]] std::pair<raft_index, raft_index> bounds() const;
  /// The first command among [first, last] for which `reached` holds, given that it holds for all after it.
  template <class Predicate>
  std::optional<std::pair<raft_index, batch_header>> first_where(raft_index first, raft_index last,
                                                                 Predicate reached) const {
    std::optional<std::pair<raft_index, batch_header>> best;
    while (first <= last) {
      raft_index middle{first.value + (last.value - first.value) / 2};
      raft_index probe = middle;
      auto header = batch(probe);
      while (!header && probe < last) header = batch(raft_index{++probe.value});
      if (header && !reached(*header)) {
        first = raft_index{probe.value + 1};
        continue;
      }
      if (header) best.emplace(probe, *header);
      if (middle.value == 0 || middle == first) break;
      last = raft_index{middle.value - 1};
    }
    return best;
  }
  /// The command that holds revision `at`.
  [[nodiscard]] std::optional<std::pair<raft_index, batch_header>> holding(revision at) const;
  [[nodiscard]] std::optional<logged_item> version(revision at) const;

private:
  struct item_place {
    std::size_t offset = 0;
    item_front front;
  };
  [[nodiscard]] item_place place(raft_index index, const batch_header& batch, std::uint32_t position) const;
  [[nodiscard]] std::string payload_part(raft_index index, std::size_t from, std::size_t size) const;

  const kv::read_view& view_;
};

/// Says which term the entries from `first` on are of, up to the next of which that is said.
void note_term(kv::write_batch& batch, raft_index first, raft_term term);
/// Writes one entry behind the last; `starts_term` when the entry before it has another term.
void append_entry(kv::write_batch& batch, raft_index index, const log_entry& entry, bool starts_term);
/// Deletes all entries from `index` on.
void truncate_log(kv::write_batch& batch, raft_index index);
/// Deletes the rows of entries in [first, through]; the terms' bounds of what stays are kept.
void trim_log(kv::write_batch& batch, raft_index first, raft_index through);

/// The terms of the entries from `first` on, as (first index, term) runs.
std::vector<std::pair<raft_index, raft_term>> log_terms(const kv::read_view& view, raft_index first);

} // namespace actord::storage
