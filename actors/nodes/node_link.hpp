#pragma once

#include "net/peer/peer_network.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// What streams into other machines' pods need of the network between nodes (net/peer/peer_network.hpp), and
/// no more of it, so that a test can be both ends.

namespace actord::actors {

/// The asking end. All from any thread, none blocks; it outlives everybody who has it.
class node_link {
public:
  virtual ~node_link() = default;
  /// As `net::peer_network::open_node_stream`, our own node excepted.
  virtual std::shared_ptr<net::peer_stream> open_node_stream(std::string_view node, std::string_view method,
                                                             std::string payload,
                                                             net::stream_events events) = 0;
  /// As `net::peer_network::call_node`.
  virtual void call_node(std::string_view node, std::string_view method, std::string payload,
                         std::chrono::milliseconds deadline,
                         std::function<void(result<std::string>)> done) = 0;
};

/// The answering end, before the network starts. As `net::peer_network::serve` and `serve_stream`.
class node_methods {
public:
  virtual ~node_methods() = default;
  virtual void serve(std::string method, net::peer_handler handler, net::callers who) = 0;
  virtual void serve_stream(std::string method, net::peer_stream_handler handler, net::callers who) = 0;
};

} // namespace actord::actors
