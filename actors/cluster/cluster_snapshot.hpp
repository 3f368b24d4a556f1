#pragma once

#include "schema/base/result.hpp"
#include "schema/base/rng.hpp"
#include "storage/snapshot/snapshot_file.hpp"

#include <string>

/// A cluster in one file, and a new cluster from it. The file is the store's snapshot (snapshot_file.hpp):
/// all objects, and the cluster's keys, its authority among them, sealed with the master key. That one lies
/// beside the store and is in the file only when asked for: whoever has both has the cluster.

namespace actord::actors {

struct cluster_snapshot {
  storage::snapshot_facts facts;
  bool has_master_key = false;
};

/// Of a server's data directory, its daemon running or not. `not_found` when there is no server's store,
/// `already_exists` when there is a file of that name.
result<cluster_snapshot> save_cluster(const std::string& data_dir, const std::string& file,
                                      bool with_master_key);

/// Reads and checks all of it.
result<cluster_snapshot> inspect_cluster(const std::string& file);

struct cluster_restore {
  std::string file;
  std::string data_dir;        ///< of the server to make; must not be one's already (`already_exists`)
  std::string master_key_file; ///< for a snapshot without it; empty: the snapshot's own
};
/// Makes the data directory of the first server of a new cluster: the same objects and keys, so kubeconfigs
/// and service accounts' tokens stay good; another cluster id, no members, no nodes: every machine joins
/// again. Blocks. What fails leaves nothing that a daemon would start from.
result<cluster_snapshot> restore_cluster(const cluster_restore& order, random_source& random);

} // namespace actord::actors
