#pragma once

#include "net/peer/peer_talk.hpp"

#include <functional>
#include <memory>

namespace actord::net {

/// What the capabilities of one connection share that we offer to its other end. They may live a little
/// longer than it.
struct peer_session {
  peer_context& context;
  std::string address;
  node_identity certificate = {};
  bool greeted = false; ///< of an accepted one: the other end has said hello
  bool admitted = false;
  /// Empty before hello and once the connection has ended.
  peer_talk* talk = nullptr;
  /// Of an accepted one, when the other end was let in: makes `talk`.
  std::function<void(kj::Maybe<wire::Peer::Client> back)> on_admitted = {};
};

/// The bootstrap capability of an accepted connection (schema/peer.capnp: Door).
wire::Door::Client make_door(std::shared_ptr<peer_session> session);
/// What a peer that was let in, or that let us in, may ask of us (schema/peer.capnp: Peer).
wire::Peer::Client make_served_peer(std::shared_ptr<peer_session> session);

} // namespace actord::net
