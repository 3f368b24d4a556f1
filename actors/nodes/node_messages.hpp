#pragma once

#include "actors/worker/node_services.hpp"
#include "actors/worker/streams/node_streams.hpp"
#include "net/peer/node_request.hpp"

/// Between the words of node_services and those that travel. Pure.

namespace actord::actors {

net::node_request request_about(const container_target& target);
net::node_request request_about_pod(std::string pod_uid);
net::node_request::terms terms_of(const stream_terms& terms);
net::node_request request_for_log(log_request request);

container_target target_of(const net::node_request& request);
stream_terms terms_of(const net::node_request::terms& terms);
log_request log_of(const net::node_request& request, const net::node_request::log& log);

/// What `ended` says; without a failure in it, of a stream whose end cannot be read.
net::node_end end_of(const stream_end& end);
stream_end end_of(const net::node_end& end);

/// Why a stream to a node closed without having ended: names the node.
error lost_node(const std::string& node, const std::optional<error>& why);
/// Frames that do not belong where they stand.
error broken_rules(const std::string& who);

} // namespace actord::actors
