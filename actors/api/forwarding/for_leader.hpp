#pragma once

#include "actors/objects/write_command.hpp"
#include "net/http/http_server.hpp"
#include "net/peer/forwarding.hpp"

#include <chrono>

namespace actord::actors {

class webhook_gate;

/// Whether only the server that leads can do it. Streams and proxied requests lead to a node, and reviews are
/// answered from what this server knows.
bool is_for_leader(const net::http_request& http);

/// How long the server that leads may take for an answer. Webhooks and converters, which it may have to ask
/// (null: nobody), take their time.
std::chrono::milliseconds answer_deadline(const webhook_gate* webhooks, const net::http_request& http);

/// Who sent it to the other server.
caller_identity sender_of(const net::forwarded_request& what);

} // namespace actord::actors
