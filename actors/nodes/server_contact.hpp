#pragma once

#include "net/peer/peer_stream.hpp"
#include "schema/base/result.hpp"
#include "storage/cluster.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace actord::actors {

/// The servers as a worker reaches them: the network, seen from the actors of a node.
class server_contact {
public:
  virtual ~server_contact() = default;

  /// In the order in which to ask them, the one that leads first as far as is known. Any thread.
  [[nodiscard]] virtual std::vector<storage::member_id> servers() const = 0;
  /// As net::peer_network has them.
  virtual void call(storage::member_id server, std::string_view method, std::string payload,
                    std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) = 0;
  virtual std::shared_ptr<net::peer_stream> open_stream(storage::member_id server, std::string_view method,
                                                        std::string payload, net::stream_events events) = 0;
};

} // namespace actord::actors
