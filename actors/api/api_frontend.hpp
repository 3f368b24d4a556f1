#pragma once

#include "actors/authentication/authenticator.hpp"
#include "net/http/http_server.hpp"
#include "schema/base/clock.hpp"

#include <functional>
#include <memory>

namespace caf {
class actor_system;
}

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class admission_chain;
class audit_trail;
class authorizer;
class extension_endpoint;
class flow_gate;
class leader_link;
class node_directory;
class object_router;
class own_group_service;
class token_authority;
class webhook_gate;

/// The HTTPS face of the cluster: authenticates, authorizes, routes, and lets the endpoint of the verb
/// answer.
///
///   GET, LIST        snapshots on the connection's thread          read_endpoint
///   WATCH            one actor per stream                          watch_endpoint
///   writes           commands to the object's actor                write_endpoint
///                    on the server that leads                      forwarding/write_forwarder
///   logs, images     streams of the node                           console_endpoint
class api_frontend {
public:
  struct collaborators {
    caf::actor_system& system;
    storage::store& store;
    object_router& router;
    actor_registry& registry;
    random_source& random;
    authenticator authentication;
    const authorizer& authorization;
    const token_authority& tokens;
    std::string advertised_address; ///< "192.0.2.2:6443", for /api
    /// Every part that must be up before /readyz says so; an empty text is "yes".
    std::function<std::string()> readiness;
    std::shared_ptr<flow_gate> gate = nullptr;          ///< null: one with the default rules
    std::shared_ptr<const audit_trail> audit = nullptr; ///< null: nothing is audited
    const admission_chain* admission = nullptr;         ///< is asked about connections; null: all may be made
    const webhook_gate* webhooks = nullptr;             ///< who else is asked about them; null: nobody
    extension_endpoint* extensions = nullptr;           ///< who answers what is not served here; null: nobody
    leader_link* link = nullptr; ///< to the server that leads; null: the store always leads
    const clock_source& clock = system_clock_source();
  };

  explicit api_frontend(collaborators with);
  ~api_frontend();
  api_frontend(const api_frontend&) = delete;
  api_frontend& operator=(const api_frontend&) = delete;

  /// Holds on to this frontend's state; requests may come until the server that calls it is gone.
  [[nodiscard]] net::http_handler handler() const;

  /// Where to ask for streams into containers; it must outlive the server. Null: nowhere.
  void connect_nodes(node_directory* nodes);
  /// Further parts of our own API group; they must outlive the server. Null before.
  void connect_cluster(own_group_service* cluster);
  void on_connection_count(std::function<std::size_t()> count);

  /// Another member leads, or this one begins or ends to take writes. Any thread; quick.
  void leader_changed();
  /// A write of this server's own node, for the server that leads. Any thread.
  void write_at_leader(write_command command);
  /// A write that another server forwarded (net/peer/forwarding.hpp). `answer` is called once, on any thread,
  /// with the encoded answer or with `bad_request`. Whoever calls this vouches for the other server.
  void serve_forwarded(std::string_view payload, std::function<void(result<std::string>)> answer);
  /// What a worker may ask as itself, in batches of the same form: whoever it says it is, it is `node`, as
  /// its certificate says. Served here, or passed on as a whole to the server that leads.
  void serve_node(const std::string& node, std::string_view payload,
                  std::function<void(result<std::string>)> answer);
  /// Such a batch that another server passed on.
  void serve_node_batch(std::string_view payload, std::function<void(result<std::string>)> answer);

private:
  class state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
