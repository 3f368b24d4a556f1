#pragma once

#include "actors/api/api_request.hpp"

namespace actord::storage {
class store;
}

namespace actord::actors {

class node_directory;

/// Whether a subresource is a stream into a pod.
bool is_pod_stream(std::string_view subresource);

/// pods/exec, pods/attach and pods/portforward: checks pod and container, then leaves HTTP for SPDY or
/// WebSocket.
void serve_pod_stream(storage::store& store, node_directory* nodes, const request_handle& request);

} // namespace actord::actors
