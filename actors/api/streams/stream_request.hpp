#pragma once

#include "actors/api/api_request.hpp"
#include "actors/worker/streams/node_streams.hpp"
#include "schema/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What a request to exec, attach, port-forward or log asks for, checked against its pod. Pure.

namespace actord::actors {

/// What those need to know of a pod.
struct streamed_pod {
  std::string space;
  std::string name;
  std::string uid;
  std::string node;
  std::string phase;
  std::vector<std::string> containers;
  std::vector<std::string> init_containers;
  std::vector<std::string> ephemeral_containers;
};

/// From the pod's JSON.
streamed_pod read_streamed_pod(std::string_view pod_text);

/// The container named, or the only one there is; the errors in Kubernetes' words.
result<std::string> choose_container(const streamed_pod& pod, std::string_view wanted);

struct command_request {
  container_target target;
  std::vector<std::string> command; ///< empty to attach
  stream_terms terms;
};

/// `attach`: the container's own streams. A terminal carries errors in its output, so it has no error stream.
result<command_request> read_command_request(const streamed_pod& pod, const query_values& query, bool attach);

/// The ports of a port-forward request by messages; those by SPDY name theirs on each stream.
result<std::vector<std::uint16_t>> read_forwarded_ports(const query_values& query);
/// None for what is not a port's number.
std::optional<std::uint16_t> read_port(std::string_view text);

/// How a command went, as the last message says it: a Status. Success without an exit code, NonZeroExitCode
/// with one, InternalError when it could not be run.
std::string command_status(const stream_end& end);
/// The same for protocols before v4, which only had a text for failures. Empty for success.
std::string command_failure_text(const stream_end& end);

} // namespace actord::actors
