#pragma once

#include "actors/cluster/joining/join_service.hpp"
#include "actors/cluster/leader_link.hpp"
#include "actors/nodes/node_link.hpp"
#include "net/peer/member_address.hpp"
#include "net/peer/peer_network.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;

/// The network of a server as the daemon keeps it: silent while this server is the only machine, and then
/// with every member of the store and every worker that dials.
///
///   alone ──(a machine joins, or there are others already)──▶ listens, dials every member
///
/// An actor looks at the members once a second: tells the network where each is, forgets those that are gone
/// and, on the server that leads, makes voters of learners that have caught up.
///
/// A server whose own address is not what the cluster's record says tells it to every member that it reaches,
/// until whoever leads has written it down; who hears it goes by it at once.
class server_network final : public leader_link,
                             public member_admission,
                             public node_link,
                             public node_methods {
public:
  struct settings {
    std::string listen_address;
    std::uint16_t port = 7443;
    net::peer_credentials credentials;
    std::string node_name;
    net::member_address own;         ///< where this server is reached
    std::vector<known_server> known; ///< where to begin to look for the others
    /// A worker's connection came about, or broke. On the network's thread.
    /// Of workers and of other servers. On the network's thread.
    std::function<void(const std::string& node)> node_connected;
    std::function<void(const std::string& node)> node_gone;
  };

  server_network(const clock_source& clock, random_source& random);
  ~server_network() override;
  server_network(const server_network&) = delete;
  server_network& operator=(const server_network&) = delete;

  /// For the store, before it is opened.
  [[nodiscard]] std::unique_ptr<storage::raft_transport> transport();
  /// Before `start`.
  void serve(std::string method, net::peer_handler handler, net::callers who) override;
  void serve_stream(std::string method, net::peer_stream_handler handler, net::callers who) override;
  /// Begins to look after the members of `store`, which must outlive `stop`.
  result<void> start(caf::actor_system& system, actor_registry& registry, storage::store& store,
                     settings how);
  void stop();
  /// Certificates were made anew. Any thread.
  void use_credentials(net::peer_credentials credentials);
  /// Whether there is more than one member, so that another could lead. Any thread; quick.
  [[nodiscard]] bool has_others() const override;
  /// This server was taken out of the cluster while it runs; another member says so. Any thread.
  [[nodiscard]] bool was_removed() const;
  /// Where the API of each server is that lives, by this server's connections: one that was heard within
  /// seconds does. "192.0.2.11:6443", this server's own among them. Any thread.
  [[nodiscard]] std::vector<std::string> live_servers() const;

  void call(storage::member_id member, std::string_view method, std::string payload,
            std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) override;
  std::shared_ptr<net::peer_stream> open_node_stream(std::string_view node, std::string_view method,
                                                     std::string payload, net::stream_events events) override;
  void call_node(std::string_view node, std::string_view method, std::string payload,
                 std::chrono::milliseconds deadline, std::function<void(result<std::string>)> done) override;
  void admit(const node_record& server, std::function<void(result<void>)> done) override;
  void expel(const node_record& server, std::function<void(result<void>)> done) override;

private:
  class state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
