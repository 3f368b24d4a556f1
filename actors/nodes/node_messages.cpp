#include "actors/nodes/node_messages.hpp"

#include <fmt/format.h>
#include <utility>

namespace actord::actors {

net::node_request request_about(const container_target& target) {
  return {.space = target.space,
          .pod = target.pod,
          .pod_uid = target.pod_uid,
          .container = target.container,
          .what = net::node_request::find_container{}};
}

net::node_request request_about_pod(std::string pod_uid) {
  net::node_request request;
  request.pod_uid = std::move(pod_uid);
  request.what = net::node_request::find_pod{};
  return request;
}

net::node_request::terms terms_of(const stream_terms& terms) {
  return {.input = terms.input,
          .output = terms.output,
          .error_output = terms.error_output,
          .terminal = terms.terminal};
}
stream_terms terms_of(const net::node_request::terms& terms) {
  return {.input = terms.input,
          .output = terms.output,
          .error_output = terms.error_output,
          .terminal = terms.terminal};
}

net::node_request request_for_log(log_request request) {
  return {.space = std::move(request.space),
          .pod = std::move(request.pod),
          .pod_uid = std::move(request.pod_uid),
          .container = std::move(request.container),
          .what = net::node_request::log{.follow = request.follow,
                                         .previous = request.previous,
                                         .timestamps = request.timestamps,
                                         .output = request.output,
                                         .error_output = request.error_output,
                                         .tail_lines = request.tail_lines,
                                         .limit_bytes = request.limit_bytes,
                                         .since = request.since,
                                         .waiting_reason = std::move(request.waiting_reason)}};
}

container_target target_of(const net::node_request& request) {
  return {
      .space = request.space, .pod = request.pod, .pod_uid = request.pod_uid, .container = request.container};
}

log_request log_of(const net::node_request& request, const net::node_request::log& log) {
  return {.space = request.space,
          .pod = request.pod,
          .pod_uid = request.pod_uid,
          .container = request.container,
          .follow = log.follow,
          .previous = log.previous,
          .timestamps = log.timestamps,
          .tail_lines = log.tail_lines,
          .limit_bytes = log.limit_bytes,
          .since = log.since,
          .output = log.output,
          .error_output = log.error_output,
          .waiting_reason = log.waiting_reason};
}

net::node_end end_of(const stream_end& end) {
  return {.exit_code = end.exit_code, .images = {}, .failure = end.failure};
}
stream_end end_of(const net::node_end& end) { return {.exit_code = end.exit_code, .failure = end.failure}; }

error lost_node(const std::string& node, const std::optional<error>& why) {
  if (!why)
    return {.kind = error_kind::unavailable,
            .message = fmt::format("node {} ended the stream without saying how it went", node)};
  error named = *why;
  if (named.message.find("node " + node) == std::string::npos)
    named.message = fmt::format("node {}: {}", node, why->message);
  return named;
}

error broken_rules(const std::string& who) {
  return {.kind = error_kind::internal, .message = fmt::format("{} broke the rules of the stream", who)};
}

} // namespace actord::actors
