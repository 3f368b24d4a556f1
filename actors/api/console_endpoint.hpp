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

/// pods/x/log: streams what the node reads.
struct log_target {
  std::string space;
  std::string pod;
  std::string pod_uid;
  std::vector<std::string> containers;
};
void serve_log(node_services* node, const request_handle& request, log_target target);

} // namespace actord::actors
