#pragma once

#include "actors/worker/streams/node_streams.hpp"
#include "actors/worker/worker_pool.hpp"
#include "net/streams/stream_loop.hpp"

#include <atomic>
#include <memory>

namespace actord::runtime {
class container_runtime;
}

namespace actord::actors {

class stream_pump;

/// Streams of this machine's containers. Starting and connecting blocks, so it has a few threads; bytes are
/// carried by one event loop. Destroying it ends every stream and what runs behind it.
class local_node_streams final : public node_streams {
public:
  static result<std::unique_ptr<local_node_streams>> open(runtime::container_runtime& runtime);
  ~local_node_streams() override;

  void find(container_target target, std::function<void(result<void>)> found) override;
  void find_pod(std::string pod_uid, std::function<void(result<void>)> found) override;
  std::unique_ptr<node_stream> execute(container_target target, std::vector<std::string> command,
                                       stream_terms terms, node_stream_events events) override;
  std::unique_ptr<node_stream> attach(container_target target, stream_terms terms,
                                      node_stream_events events) override;
  std::unique_ptr<node_stream> dial(std::string pod_uid, std::uint16_t port, net::pod_door at,
                                    node_stream_events events) override;
  void after(std::chrono::milliseconds delay, std::function<void()> job) override;

private:
  local_node_streams(runtime::container_runtime& runtime, std::shared_ptr<net::stream_loop> loop);

  std::unique_ptr<node_stream> hold(std::shared_ptr<stream_pump> pump);

  runtime::container_runtime& runtime_;
  std::shared_ptr<net::stream_loop> loop_;
  std::shared_ptr<std::atomic<int>> open_ = std::make_shared<std::atomic<int>>(0);
  worker_pool starters_;
};

} // namespace actord::actors
