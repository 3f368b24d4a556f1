#pragma once

#include "actors/api/streams/command_session.hpp"

namespace actord::actors {

/// exec and attach by WebSocket: each message names its channel in its first byte. Answers the request.
void open_websocket_command(node_streams& node, const request_handle& request, command_request command);

} // namespace actord::actors
