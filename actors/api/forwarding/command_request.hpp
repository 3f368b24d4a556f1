#pragma once

#include "actors/objects/write_command.hpp"
#include "net/peer/forwarding.hpp"

/// Writes of a server's own node while another server leads: they go there as what they would be if the node
/// spoke HTTP, so that the leader asks of them what it asks of every node.

namespace actord::actors {

/// The request a command is. Its cause is the caller's, as with all requests.
net::forwarded_request travelling_form(const write_command& command, std::string request_id);

/// The answering end: calls the command's `done`, once. Of a success only that it was one, and of an error
/// kind and message.
net::exchange_handle answer_to(std::function<void(result<write_answer>)> done);

} // namespace actord::actors
