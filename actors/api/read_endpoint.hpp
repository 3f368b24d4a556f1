#pragma once

#include "actors/api/api_request.hpp"

namespace actord::storage {
class store;
}

namespace actord::actors {

/// GET and LIST: snapshots, read on the thread that carries the request.
///
///   resourceVersion  empty          as of now: waits until reads are confirmed
///                    "0"            whatever is here
///                    N              not older than N: waits for N, at most 3 s
///                    N, exactly     as it was at N, from history
void serve_get(storage::store& store, const request_handle& request);
void serve_list(storage::store& store, const request_handle& request);

} // namespace actord::actors
