#include "actors/api/streams/connect_endpoint.hpp"

#include "actors/api/streams/forward_session.hpp"
#include "actors/api/streams/spdy_command.hpp"
#include "actors/api/streams/spdy_upgrade.hpp"
#include "actors/api/streams/stream_request.hpp"
#include "actors/api/streams/websocket_command.hpp"
#include "actors/nodes/node_directory.hpp"
#include "actors/objects/refusals.hpp"
#include "net/http/websocket.hpp"
#include "schema/object/stored_object.hpp"
#include "storage/store.hpp"

#include <fmt/format.h>
#include <utility>

namespace actord::actors {
namespace {

bool asks_for_stream(const api_request& request) {
  return net::asks_for_websocket(request.http) || net::asks_to_upgrade(request.http, "SPDY/3.1");
}

/// A node's refusals are plain text, as a kubelet's are: clients put their own words before it.
void answer_refusal(const api_request& request, const error& why) {
  answer_text(*request.exchange, 500, why.message + "\n");
}

void serve_command(node_streams& node, const request_handle& request, const streamed_pod& pod, bool attach) {
  auto command = read_command_request(pod, request->query, attach);
  if (!command) return answer_error(*request, command.error());
  container_target target = command->target;
  node.find(std::move(target),
            [&node, request, command = std::move(*command)](const result<void>& found) mutable {
              if (!found) return answer_refusal(*request, found.error());
              if (net::asks_for_websocket(request->http))
                return open_websocket_command(node, request, std::move(command));
              open_spdy_command(node, request, std::move(command));
            });
}

void serve_forward(node_streams& node, const request_handle& request, const streamed_pod& pod) {
  if (pod.node.empty())
    return answer_error(*request, bad_request(fmt::format("pod {} does not have a host assigned", pod.name)));
  node.find_pod(pod.uid, [&node, request, pod](const result<void>& found) {
    if (!found) return answer_refusal(*request, found.error());
    open_spdy_forward(node, request, pod);
  });
}

} // namespace

bool is_pod_stream(std::string_view subresource) {
  return subresource == "exec" || subresource == "attach" || subresource == "portforward";
}

void serve_pod_stream(storage::store& store, node_directory* nodes, const request_handle& request) {
  std::optional<streamed_pod> pod;
  {
    const auto reads = store.read();
    const std::string_view bytes =
        reads->get({request->type().stored_as, request->route.space, request->route.name});
    if (bytes.empty()) return answer_error(*request, object_not_found(request->type(), request->route.name));
    const auto view = schema::object_view::open(bytes);
    if (!view) return answer_error(*request, view.error());
    pod = read_streamed_pod(view->text());
  }
  if (!asks_for_stream(*request)) return answer_error(*request, cannot_upgrade());
  const auto node = find_node(nodes, pod->node);
  if (!node) return answer_error(*request, node.error());
  const std::string_view subresource = request->route.subresource->name;
  if (subresource == "portforward") return serve_forward((*node)->streams(), request, *pod);
  serve_command((*node)->streams(), request, *pod, subresource == "attach");
}

} // namespace actord::actors
