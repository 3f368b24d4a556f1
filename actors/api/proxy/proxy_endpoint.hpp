#pragma once

#include "actors/api/api_request.hpp"
#include "net/streams/stream_loop.hpp"
#include "schema/base/rng.hpp"

#include <atomic>
#include <memory>
#include <mutex>

namespace actord::storage {
class store;
}

namespace actord::actors {

class node_directory;
struct proxied_target;

/// pods/x/proxy, services/x/proxy and nodes/x/proxy: passes requests on to pods, straight to their addresses,
/// or where this machine runs no pods itself and so is not in their network, through the nodes that run them.
/// Its loop starts with the first such request. Nodes have no HTTP server of their own here: what is served
/// of them comes from the store.
class proxy_endpoint {
public:
  proxy_endpoint(storage::store& store, random_source& random) : store_(store), random_(random) {}
  ~proxy_endpoint();
  proxy_endpoint(const proxy_endpoint&) = delete;
  proxy_endpoint& operator=(const proxy_endpoint&) = delete;

  /// `nodes` may be null: there are none, or not yet.
  void serve(const request_handle& request, node_directory* nodes);

private:
  result<std::shared_ptr<net::stream_loop>> loop();
  void serve_node(const request_handle& request, std::string_view rest);

  storage::store& store_;
  random_source& random_;
  std::mutex mutex_;
  std::shared_ptr<net::stream_loop> loop_;
  std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

} // namespace actord::actors
