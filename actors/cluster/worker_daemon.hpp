#pragma once

#include "actors/cluster/cluster_identity.hpp"
#include "actors/cluster/daemon.hpp"

#include <memory>

namespace actord::actors {

/// A machine that runs pods and holds nothing of the cluster but what concerns them:
///
///   identity (joined) → own store → actors → network to the servers → feed → worker
///
/// What the servers want of it lies on its disk (feed_client.hpp): cut off, or restarted while cut off, it
/// keeps its pods running. What it writes, servers write for it (node_writer.hpp).
result<std::unique_ptr<daemon>> start_worker_daemon(daemon_options options, cluster_identity identity);

} // namespace actord::actors
