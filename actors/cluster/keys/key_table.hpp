#pragma once

#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The keys all servers of a cluster share, as one replicated value that only servers can read: sealed with a
/// key derived from the master key, a file that each server has (DIR/pki/master.key) and that the store never
/// holds.
///
///   master key, 32 bytes ──HKDF-SHA256("actord key table", salt: cluster id)──▶ key
///   sealed = "AKT1" + XAES-256-GCM(key, JSON {"version":N, "files":{name: content}}, bound to the cluster
///   id)

namespace actord::actors {

/// Contents by their names below DIR/pki: "ca.key", "sa.key", "encryption.yaml", ...
using key_files = std::map<std::string, std::string>;

struct key_table {
  std::uint64_t version = 0; ///< rises with every change; 0: there is none
  key_files files = {};

  bool operator==(const key_table&) const = default;
};

/// Which files are shared. Others (a server's own certificates) are each server's business.
const std::vector<std::string>& shared_key_files();

inline constexpr std::size_t master_key_bytes = 32;
std::string new_master_key(random_source& random);

result<std::string> seal_key_table(const key_table& table, std::string_view master_key,
                                   std::string_view cluster, random_source& random);
/// Errors say whether it is another master key's or another cluster's, or damaged: which of them cannot be
/// told apart.
result<key_table> open_key_table(std::string_view sealed, std::string_view master_key,
                                 std::string_view cluster);

/// What a server does about its files when it starts, or when the replicated table changed. Pure.
struct key_plan {
  key_files write = {}; ///< replace these files
  std::vector<std::string> remove =
      {};               ///< files the cluster gave up (an authority that is not believed any more)
  bool publish = false; ///< make a new version of the table from the files
  std::vector<std::string> overruled = {}; ///< files that were edited here and give way to the cluster's

  bool operator==(const key_plan&) const = default;
};

/// `version` is the one the files were last equal to; 0: never. A server that leads may change a shared file
/// (an operator edited it while the daemon was down): that is published. On others the cluster's files win.
key_plan plan_keys(const key_files& here, std::uint64_t version, const key_table& cluster, bool leads);

} // namespace actord::actors
