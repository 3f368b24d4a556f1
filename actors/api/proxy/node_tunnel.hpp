#pragma once

#include "actors/worker/streams/node_streams.hpp"
#include "net/streams/descriptor_stream.hpp"
#include "net/streams/stream_loop.hpp"
#include "schema/base/result.hpp"
#include "schema/base/unique_fd.hpp"

#include <functional>
#include <memory>
#include <string>

namespace actord::actors {

/// A connection to a port of a pod's address through the node that runs it, for a server that is in no pods'
/// network itself. Whoever connects gets a socket; what is written there arrives at the pod.
///
///   caller ──near socket──▶ tunnel ──node_stream──▶ node ──TCP──▶ pod
///
/// Everything on the loop's thread. Dropping it ends the connection at the node.
class node_tunnel : public std::enable_shared_from_this<node_tunnel> {
public:
  struct opened {
    unique_fd near_end;
    std::shared_ptr<node_tunnel> tunnel;
  };
  /// `failed` is called once when the pod is not reached; afterwards the near end ends.
  static result<opened> open(std::shared_ptr<net::stream_loop> loop, node_streams& node, std::string pod_uid,
                             std::uint16_t port, std::function<void(const error& why)> failed);
  ~node_tunnel();
  node_tunnel(const node_tunnel&) = delete;
  node_tunnel& operator=(const node_tunnel&) = delete;

private:
  node_tunnel(std::shared_ptr<net::stream_loop> loop, unique_fd far_end,
              std::function<void(const error& why)> failed);
  void dial(node_streams& node, std::string pod_uid, std::uint16_t port);
  [[nodiscard]] node_stream_events events();
  void end(const stream_end& how);

  const std::shared_ptr<net::stream_loop> loop_;
  const net::descriptor_stream_handle far_;
  std::function<void(const error& why)> failed_; ///< until the pod has taken or said something
  std::unique_ptr<node_stream> stream_;
};

} // namespace actord::actors
