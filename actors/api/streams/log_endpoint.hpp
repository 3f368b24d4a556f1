#pragma once

#include "actors/api/api_request.hpp"

namespace actord::storage {
class store;
}

namespace actord::actors {

class node_directory;

/// pods/x/log: streams what the node reads, as plain text, or by WebSocket to clients that ask for one.
void serve_log(storage::store& store, node_directory* nodes, const request_handle& request);

} // namespace actord::actors
