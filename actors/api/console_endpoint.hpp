#pragma once

#include "actors/api/api_request.hpp"

#include <functional>

namespace actord::storage {
class store;
}

namespace actord::actors {

class actor_registry;
class node_directory;

/// Our own API group, actord.dev/v1: what the daemon tells about itself, and images for its node.
///
///   GET  /apis/actord.dev/v1/actors   live actors
///   POST /apis/actord.dev/v1/images   an OCI archive, streamed to the node that ?node=NAME names (without:
///   to
///                                     this machine's, else to the only one); answers with the names it held
void serve_actors(const actor_registry& registry, const request_handle& request);

/// Takes the archive as it arrives, and answers when the load is done or failed. `admit` calls what it is
/// given once the request may have the machine's time for that, or answers it otherwise.
using upload_admission = std::function<void(const request_handle& request, std::function<void()> run)>;
std::unique_ptr<net::body_sink> receive_image(const storage::store& store, node_directory* nodes,
                                              const request_handle& request, upload_admission admit);

} // namespace actord::actors
