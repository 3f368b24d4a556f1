#pragma once

#include "actors/nodes/node_link.hpp"
#include "actors/worker/worker_pool.hpp"
#include "net/streams/stream_loop.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace actord::actors {

/// What everything that is asked of one other node shares.
struct remote_node {
  std::string name;
  node_link& link;
  /// Whose thread carries all streams to other nodes.
  std::shared_ptr<net::stream_loop> loop;
  worker_pool& readers;                   ///< for those who wait for a client that reads a log slowly
  std::shared_ptr<std::atomic<int>> logs; ///< under way, to all nodes
};

} // namespace actord::actors
