#pragma once

#include "actors/nodes/server_contact.hpp"
#include "actors/objects/write_command.hpp"
#include "net/http/http_server.hpp"
#include "net/peer/forwarding.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/rng.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace caf {
class actor_system;
}

namespace actord::actors {

class actor_registry;

/// The method by which a worker asks a server for what it may write, as itself: a ForwardedBatch and its
/// answers (schema/forward.capnp). Who it is the server knows by its certificate, whatever the requests say.
inline constexpr std::string_view node_write_method = "node-writes";

/// Writes of a worker, taken to a server that leads or finds who does. What comes while two batches are under
/// way waits, and goes with the next: a lone write is not held back, and a hundred at once are a few
/// messages. Each has an outcome of its own. Tries the servers one after the other, each try of a request
/// with the same id, so that a try too many has the outcome of the first.
class node_writer {
public:
  struct collaborators {
    caf::actor_system& system;
    actor_registry& registry;
    server_contact& contact;
    const clock_source& clock;
    random_source& random;
  };

  explicit node_writer(collaborators with);
  ~node_writer();
  node_writer(const node_writer&) = delete;
  node_writer& operator=(const node_writer&) = delete;

  /// Any thread; never blocks. Answered within half a minute, `unavailable` when no server was reached by
  /// then.
  void write(write_command command);
  /// Any request of the API. `exchange` is answered once, on any thread.
  void ask(net::http_request http, net::exchange_handle exchange);

private:
  void send(net::forwarded_request what, net::exchange_handle exchange);

  struct state;
  std::shared_ptr<state> state_;
};

} // namespace actord::actors
