#pragma once

#include "schema/base/result.hpp"
#include "storage/kv/kv.hpp"
#include "storage/log/log_table.hpp"
#include "storage/tables/member_state.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Looks inside a data directory, with the daemon running or not. Never writes.

namespace actord::storage {

struct table_summary {
  std::string name;
  std::uint64_t rows = 0;
};

struct store_summary {
  member_identity identity;
  hard_state vote;
  member_state state;
  raft_configuration configuration;
  std::vector<compaction_mark> marks;
  raft_index log_last;
  kv::usage space;
  std::vector<table_summary> tables;
};

struct inspected_entry {
  raft_index index;
  raft_term term;
  entry_kind kind = entry_kind::command;
  std::size_t payload_bytes = 0;
  batch_header batch; ///< of a command
  std::vector<logged_item> items;
  std::vector<std::string> requests;
  std::string damage; ///< why the entry cannot be read; empty for a sound one
};

class store_inspector {
public:
  static result<store_inspector> open(const std::string& directory);

  [[nodiscard]] store_summary summary() const;
  /// Entries from `from` on, oldest first, checksums checked, until `visit` returns false.
  void entries(raft_index from, const std::function<bool(const inspected_entry&)>& visit) const;
  /// Rows of a table from `prefix` on that begin with it; false when there is no such table.
  bool rows(std::string_view table, std::string_view prefix,
            const std::function<bool(std::string_view key, std::string_view value)>& visit) const;
  /// Reads everything once: every object, index row and log entry against each other. Empty when all is well.
  [[nodiscard]] std::vector<std::string> check() const;

private:
  explicit store_inspector(std::unique_ptr<kv::environment> disk) : disk_(std::move(disk)) {}

  std::unique_ptr<kv::environment> disk_;
};

/// A key or value as text: printable bytes as they are, others as \xNN.
std::string printable(std::string_view bytes);

} // namespace actord::storage
