#pragma once

#include "actors/cluster/joining/join_messages.hpp"
#include "actors/nodes/node_link.hpp"
#include "actors/nodes/server_contact.hpp"
#include "net/peer/feed.hpp"
#include "net/peer/peer_network.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace actord::actors {

/// The network of a worker as the daemon keeps it: dials every server it knows of, listens to nobody.
class worker_network final : public server_contact, public node_methods {
public:
  struct settings {
    std::string node_name;
    std::string cluster_id;
    net::peer_credentials credentials;
    std::vector<known_server> servers; ///< where to begin; `use_servers` tells of others
  };

  worker_network(const clock_source& clock, random_source& random);
  ~worker_network() override;
  worker_network(const worker_network&) = delete;
  worker_network& operator=(const worker_network&) = delete;

  /// Before `start`.
  void serve(std::string method, net::peer_handler handler, net::callers who) override;
  void serve_stream(std::string method, net::peer_stream_handler handler, net::callers who) override;
  result<void> start(settings how);
  void stop();

  /// In the order in which to ask them. Any thread.
  void use_servers(std::vector<known_server> servers);
  /// Certificates were made anew. Any thread.
  void use_credentials(net::peer_credentials credentials);
  [[nodiscard]] std::vector<known_server> known_servers() const;

  [[nodiscard]] std::vector<storage::member_id> servers() const override;
  void call(storage::member_id server, std::string_view method, std::string payload,
            std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) override;
  std::shared_ptr<net::peer_stream> open_stream(storage::member_id server, std::string_view method,
                                                std::string payload, net::stream_events events) override;

private:
  const std::unique_ptr<net::peer_network> network_;
  mutable std::mutex mutex_;
  std::vector<known_server> servers_;
};

} // namespace actord::actors
