#pragma once

#include "actors/api/streams/command_session.hpp"

namespace actord::actors {

/// exec and attach behind `Upgrade: SPDY/3.1`: the client opens a stream for each of error, stdin, stdout,
/// stderr and, from v3 on, resize; with the last of them the command starts. Answers the request.
void open_spdy_command(node_streams& node, const request_handle& request, command_request command);

} // namespace actord::actors
