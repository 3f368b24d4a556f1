#pragma once

#include "actors/api/api_request.hpp"

namespace actord::actors {

class actor_registry;
class node_services;

/// Our own API group, actord.dev/v1: what the daemon tells about itself, and images for its node.
///
///   GET  /apis/actord.dev/v1/actors   live actors
///   POST /apis/actord.dev/v1/images   an OCI archive, streamed to the node; answers with the names it held
void serve_actors(const actor_registry& registry, const request_handle& request);

/// Takes the archive as it arrives. Answers the exchange when the load is done or failed.
std::unique_ptr<net::body_sink> receive_image(node_services* node, const net::exchange_handle& exchange);

} // namespace actord::actors
