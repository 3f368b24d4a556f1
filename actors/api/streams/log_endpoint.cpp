#include "actors/api/streams/log_endpoint.hpp"

#include "actors/api/streams/log_options.hpp"
#include "actors/api/streams/stream_request.hpp"
#include "actors/nodes/node_directory.hpp"
#include "actors/objects/refusals.hpp"
#include "net/http/websocket.hpp"
#include "net/streams/channel_message.hpp"
#include "schema/object/stored_object.hpp"
#include "schema/view/pod_view.hpp"
#include "storage/store.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::size_t pending_max_bytes = std::size_t{1024} * 1024;

/// What a client's connection tells, from its own thread.
struct client_line {
  std::mutex mutex;
  std::condition_variable changed;
  bool gone = false;

  void leave() {
    const std::lock_guard lock(mutex);
    gone = true;
    changed.notify_all();
  }
  /// Waits for a client that reads slowly; false once it is gone. Log readers have threads of their own for
  /// that.
  template <class Pending>
  bool await_room(const Pending& pending_bytes) {
    constexpr std::chrono::seconds look_again{1};
    std::unique_lock lock(mutex);
    while (!gone && pending_bytes() > pending_max_bytes) changed.wait_for(lock, look_again);
    return !gone;
  }
};

/// The answer to one log request: a stream that begins with the first piece, or an error before it.
class log_stream {
public:
  explicit log_stream(request_handle request) : request_(std::move(request)) {
    request_->exchange->on_closed([line = line_] { line->leave(); });
    request_->exchange->on_drained([line = line_] { line->changed.notify_all(); });
  }

  bool more(std::string_view piece) {
    begin();
    if (!line_->await_room([&] { return request_->exchange->pending_bytes(); })) return false;
    if (!piece.empty()) request_->exchange->write(share_bytes(std::string(piece)));
    return true;
  }

  void done(const result<void>& outcome) {
    if (!outcome && !begun_) return answer_error(*request_, outcome.error());
    begin();
    request_->exchange->end();
  }

private:
  void begin() {
    if (std::exchange(begun_, true)) return;
    net::http_response head;
    head.headers.emplace_back("content-type", "text/plain");
    head.headers.emplace_back("cache-control", "no-cache, private");
    request_->exchange->begin(std::move(head));
  }

  request_handle request_;
  std::shared_ptr<client_line> line_ = std::make_shared<client_line>();
  bool begun_ = false;
};

/// The same by WebSocket: each piece is a message.
class log_messages {
public:
  explicit log_messages(request_handle request) : request_(std::move(request)) {}

  bool more(std::string_view piece) {
    if (!socket_ && !open()) return false;
    if (!line_->await_room([&] { return socket_->pending_bytes(); })) return false;
    if (piece.empty()) return true;
    if (base64_)
      socket_->send(net::message_kind::text, share_bytes(net::base64_text(piece)));
    else
      socket_->send(net::message_kind::binary, share_bytes(std::string(piece)));
    return true;
  }

  void done(const result<void>& outcome) {
    if (failed_) return;
    if (!outcome && !socket_) return answer_error(*request_, outcome.error());
    if (!socket_ && !open()) return;
    socket_->close(net::websocket_code::normal, {});
  }

private:
  bool open() {
    if (failed_) return false;
    auto accepted = net::accept_websocket(request_->http, *request_->exchange,
                                          {.protocols = {"binary.k8s.io", "base64.binary.k8s.io"}},
                                          {.message = {},
                                           .drained = [line = line_] { line->changed.notify_all(); },
                                           .closed = [line = line_](std::uint16_t) { line->leave(); }});
    if (!accepted) {
      failed_ = true;
      answer_error(*request_, accepted.error());
      return false;
    }
    socket_ = std::move(*accepted);
    base64_ = socket_->protocol() == "base64.binary.k8s.io";
    socket_->resume();
    return true;
  }

  request_handle request_;
  std::shared_ptr<client_line> line_ = std::make_shared<client_line>();
  net::websocket_handle socket_;
  bool base64_ = false;
  bool failed_ = false;
};

template <class Stream>
stream_receiver receiver_of(const request_handle& request) {
  const auto stream = std::make_shared<Stream>(request);
  return {[stream](std::string_view piece) { return stream->more(piece); },
          [stream](const result<void>& outcome) { stream->done(outcome); }};
}

std::string waiting_reason(const schema::pod_view& pod, std::string_view container) {
  for (const auto* statuses : {&pod.status.containers, &pod.status.init_containers})
    for (const auto& status : *statuses)
      if (status.name == container && status.state.waiting) return status.state.waiting->reason;
  return {};
}

} // namespace

void serve_log(storage::store& store, node_directory* nodes, const request_handle& request) {
  streamed_pod pod;
  std::string reason;
  {
    const auto reads = store.read();
    const std::string_view bytes =
        reads->get({request->type().stored_as, request->route.space, request->route.name});
    if (bytes.empty()) return answer_error(*request, object_not_found(request->type(), request->route.name));
    const auto view = schema::object_view::open(bytes);
    if (!view) return answer_error(*request, view.error());
    pod = read_streamed_pod(view->text());
    reason = waiting_reason(schema::parse_pod(view->text()),
                            request->query.get("container").empty() && !pod.containers.empty()
                                ? std::string_view(pod.containers.front())
                                : request->query.get("container"));
  }
  auto wanted = read_log_options(pod.name, request->query, system_clock_source().wall_now());
  if (!wanted) return answer_error(*request, wanted.error());
  auto container = choose_container(pod, request->query.get("container"));
  if (!container) return answer_error(*request, container.error());
  if (pod.node.empty()) return request->exchange->respond({.code = 204, .headers = {}, .body = {}});
  const auto node = find_node(nodes, pod.node);
  if (!node) return answer_error(*request, node.error());
  wanted->space = pod.space;
  wanted->pod = pod.name;
  wanted->pod_uid = pod.uid;
  wanted->container = std::move(*container);
  wanted->waiting_reason = std::move(reason);
  (*node)->read_log(std::move(*wanted), net::asks_for_websocket(request->http)
                                            ? receiver_of<log_messages>(request)
                                            : receiver_of<log_stream>(request));
}

} // namespace actord::actors
