#pragma once

#include "net/peer/peer_context.hpp"

#include <functional>
#include <memory>

namespace actord::net {

/// What the capabilities of one accepted connection share. They may live a little longer than it.
struct peer_session {
  peer_context& context;
  std::string address;
  node_identity certificate = {};
  bool admitted = false;
  /// Ends the connection, soon; empty once it has ended.
  std::function<void(std::string why)> end = {};
  std::function<void()> on_admitted = {};
};

/// The bootstrap capability of an accepted connection (schema/peer.capnp: Door).
wire::Door::Client make_door(std::shared_ptr<peer_session> session);

} // namespace actord::net
