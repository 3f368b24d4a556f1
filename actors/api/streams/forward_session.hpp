#pragma once

#include "actors/api/streams/stream_request.hpp"
#include "actors/worker/streams/node_streams.hpp"

namespace actord::actors {

/// port-forward by SPDY, on the connection itself or inside WebSocket messages: for each connection the
/// client opens a stream for errors and one for bytes, both naming the port and a number that joins them.
/// Answers the request.
void open_spdy_forward(node_streams& node, const request_handle& request, const streamed_pod& pod);

/// port-forward by messages (v4.channel.k8s.io): two channels for each port of the query, bytes and errors,
/// and one connection for each, opened at once.
void open_websocket_forward(node_streams& node, const request_handle& request, const streamed_pod& pod);

/// What a client is told of a connection that failed.
std::string forward_failure_text(const streamed_pod& pod, std::uint16_t port, const error& why);

} // namespace actord::actors
