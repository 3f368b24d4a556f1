#pragma once

#include "actors/cluster/keys/key_table.hpp"
#include "schema/base/ids.hpp"
#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace actord::storage {
class snapshot;
class store;
} // namespace actord::storage

/// The key table where it lies: sealed in the replicated store, and opened in the files of each server.
///
///   DIR/pki/master.key         32 bytes; the one key that is not in the table
///   DIR/pki/key-table.version  the version of the table that the files were last equal to

namespace actord::actors {

/// What a server that joins is handed.
struct key_handover {
  std::string master_key;
  std::string sealed_table;
};

object_key key_table_key();
/// As stored; empty when there is none.
std::string read_sealed_table(const storage::snapshot& reads);

/// Brings the files and the table together, when a server starts and whenever the table changed; makes master
/// key and table for a cluster that has none yet. `leads`: this server may write. Blocks until all is stored.
/// True when files changed, so what was read from them is old. An error when the table is there and does not
/// open: nothing was changed.
result<bool> settle_keys(storage::store& store, const std::filesystem::path& directory, bool leads,
                         random_source& random);

/// The first half of it, before anything reads the files: makes no table.
result<bool> restore_keys(storage::store& store, const std::filesystem::path& directory,
                          random_source& random);

/// Of a server whose keys are settled.
result<key_handover> hand_over_keys(const storage::store& store, const std::filesystem::path& directory);
/// The other end: writes the files of a server that is about to join.
result<void> receive_keys(const std::filesystem::path& directory, const key_handover& handed,
                          std::string_view cluster);

/// Of a store that was restored from cluster `from`: its table, opened with that cluster's master key,
/// becomes the files of `directory` and is sealed anew for the cluster that the store is now. Blocks until it
/// is stored.
result<void> adopt_keys(storage::store& store, const std::filesystem::path& directory,
                        const std::string& master_key, std::string_view from, random_source& random);

/// The master key as it lies there; none when there is none.
result<std::optional<std::string>> read_master_key(const std::filesystem::path& directory);

/// The shared files as they lie there.
result<key_files> read_key_files(const std::filesystem::path& directory);

/// Replaces shared files in files and table at once, on the server that leads: how keys are changed while the
/// cluster runs. `files` are those that change; an empty content removes one. Blocks until it is stored.
result<void> change_keys(storage::store& store, const std::filesystem::path& directory,
                         const key_files& files, random_source& random);

} // namespace actord::actors
