#pragma once

#include "actors/nodes/remote_node.hpp"
#include "actors/worker/node_services.hpp"
#include "actors/worker/streams/node_streams.hpp"
#include "net/peer/node_request.hpp"

namespace actord::actors {

/// Another node, asked over the network between nodes: one stream for each log, command, connection and
/// image. Whether it is connected shows in the answers: `unavailable`, with its name.
class remote_node_services final : public node_services, public node_streams {
public:
  explicit remote_node_services(remote_node node) : node_(std::move(node)) {}

  void read_log(log_request request, stream_receiver receiver) override;
  result<std::unique_ptr<image_upload>> begin_image_load() override;
  [[nodiscard]] node_streams& streams() override { return *this; }

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
  void ask(const net::node_request& request, std::function<void(result<void>)> found);

  const remote_node node_;
};

} // namespace actord::actors
