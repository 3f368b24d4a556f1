#pragma once

#include "actors/api/api_request.hpp"
#include "actors/conversion/form_source.hpp"

namespace actord::actors {

class replica_reads;

/// GET and LIST: snapshots, read on the thread that carries the request.
///
///   resourceVersion  empty          as of now: waits until reads are confirmed
///                    "0"            whatever is here, as long as this server hears from a leader
///                    N              not older than N: waits for N, at most 3 s
///                    N, exactly     as it was at N, from history
/// `forms` shows custom kinds in the version that was asked for.
void serve_get(const replica_reads& reads, const form_source_handle& forms, const request_handle& request);
void serve_list(const replica_reads& reads, const form_source_handle& forms, const request_handle& request);

} // namespace actord::actors
