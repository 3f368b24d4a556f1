#pragma once

#include "storage/kv/kv.hpp"

#include <string>

namespace actord::storage::kv {

struct lmdb_options {
  std::string directory; ///< made (0700) when it is not there
  /// Address space, not disk: the file is sparse and grows as it is used.
  std::uint64_t map_bytes = 64ULL << 30U;
  /// Offline or beside a running daemon; `write` must not be called.
  bool read_only = false;
};

/// Opens DIRECTORY/data.mdb. A second writer on one directory is refused (`conflict`). Every commit is a full
/// sync: none of the flags that relax it, nor a writable map, is ever used, since each can lose or tear what
/// was acknowledged.
result<std::unique_ptr<environment>> open_lmdb(const lmdb_options& options);

} // namespace actord::storage::kv
