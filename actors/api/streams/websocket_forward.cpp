#include "actors/api/streams/forward_session.hpp"
#include "net/http/websocket.hpp"
#include "net/streams/channel_message.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::size_t pending_low_bytes = stream_window_bytes / 2;

/// Channel 2n carries the bytes of the nth port, channel 2n + 1 what went wrong with it; the first message of
/// each is the port's number, low byte first.
class websocket_forward : public std::enable_shared_from_this<websocket_forward> {
public:
  websocket_forward(node_streams& node, streamed_pod pod, const std::vector<std::uint16_t>& ports)
      : node_(node), pod_(std::move(pod)) {
    for (const std::uint16_t port : ports)
      connections_.push_back({.port = port, .stream = {}, .untaken = 0, .ahead = 0});
  }

  result<void> open(const net::http_request& http, net::http_exchange& exchange) {
    const auto self = shared_from_this();
    const std::lock_guard lock(mutex_);
    auto accepted = net::accept_websocket(
        http, exchange,
        {.protocols = {"v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io",
                       "base64.channel.k8s.io"}},
        {.message = [self](net::message_kind, std::string_view payload) { self->receive(payload); },
         .drained = [self] { self->drained(); },
         .closed = [self](std::uint16_t) { self->closed(); }});
    if (!accepted) return std::move(accepted).error();
    socket_ = std::move(*accepted);
    base64_ = net::channel_protocol_of(socket_->protocol()).value_or(net::channel_protocol{}).base64;
    for (std::size_t at = 0; at < connections_.size(); ++at) {
      const std::uint16_t port = connections_[at].port;
      const std::string number{static_cast<char>(port & 0xff), static_cast<char>(port >> 8)};
      put(at * 2, number);
      put(at * 2 + 1, number);
      connections_[at].stream = node_.dial(pod_.uid, port, net::pod_door::loopback, events_for(at));
    }
    socket_->resume();
    return {};
  }

private:
  struct connection {
    std::uint16_t port = 0;
    std::unique_ptr<node_stream> stream;
    std::size_t untaken = 0;
    std::size_t ahead = 0;
  };

  node_stream_events events_for(std::size_t at) {
    return {.received =
                [self = shared_from_this(), at](stream_part, const shared_bytes& bytes) {
                  const std::lock_guard lock(self->mutex_);
                  if (!self->socket_) return;
                  self->put(at * 2, *bytes);
                  self->connections_[at].untaken += bytes->size();
                  self->give_back();
                },
            .finished = {},
            .sent =
                [self = shared_from_this(), at](std::size_t bytes) {
                  const std::lock_guard lock(self->mutex_);
                  self->connections_[at].ahead -= std::min(self->connections_[at].ahead, bytes);
                  self->resume_when_due();
                },
            .ended = [self = shared_from_this(), at](const stream_end& end) { self->ended(at, end); }};
  }

  void ended(std::size_t at, const stream_end& end) {
    const std::lock_guard lock(mutex_);
    if (!socket_) return;
    if (end.failure) put(at * 2 + 1, forward_failure_text(pod_, connections_[at].port, *end.failure));
    connections_[at].stream.reset();
    connections_[at].ahead = 0;
    resume_when_due();
    const bool all =
        std::ranges::none_of(connections_, [](const connection& each) { return each.stream != nullptr; });
    if (all) socket_->close(net::websocket_code::normal, {});
  }

  void put(std::size_t channel, std::string_view bytes) {
    const char prefix =
        static_cast<char>(base64_ ? '0' + static_cast<int>(channel) : static_cast<int>(channel));
    if (base64_)
      socket_->send(net::message_kind::text, {&prefix, 1}, share_bytes(net::base64_text(bytes)));
    else
      socket_->send(net::message_kind::binary, {&prefix, 1}, share_bytes(std::string(bytes)));
  }

  void receive(std::string_view payload) {
    const std::lock_guard lock(mutex_);
    if (!socket_ || payload.empty()) return;
    const auto first = static_cast<unsigned char>(payload.front());
    const std::size_t channel = base64_ ? first - unsigned{'0'} : first;
    const std::size_t at = channel / 2;
    auto bytes = base64_ ? net::base64_bytes(payload.substr(1)) : std::string(payload.substr(1));
    if (channel % 2 != 0 || at >= connections_.size() || !bytes)
      return socket_->close(net::websocket_code::unsupported_data, "no such channel");
    connection& target = connections_[at];
    if (!target.stream || bytes->empty()) return;
    target.ahead += bytes->size();
    target.stream->send(share_bytes(std::move(*bytes)));
    if (target.ahead <= stream_window_bytes || paused_) return;
    paused_ = true;
    socket_->pause();
  }

  void resume_when_due() {
    if (!paused_ || !socket_) return;
    if (std::ranges::any_of(connections_,
                            [](const connection& each) { return each.ahead > stream_window_bytes / 2; }))
      return;
    paused_ = false;
    socket_->resume();
  }

  void give_back() {
    if (!socket_ || socket_->pending_bytes() > pending_low_bytes) return;
    for (connection& each : connections_)
      if (const std::size_t count = std::exchange(each.untaken, 0); count > 0 && each.stream)
        each.stream->taken(stream_part::output, count);
  }

  void drained() {
    const std::lock_guard lock(mutex_);
    give_back();
  }

  void closed() {
    const std::lock_guard lock(mutex_);
    for (connection& each : connections_) each.stream.reset();
    socket_.reset();
  }

  node_streams& node_;
  const streamed_pod pod_;
  std::mutex mutex_;
  std::vector<connection> connections_;
  net::websocket_handle socket_;
  bool base64_ = false;
  bool paused_ = false;
};

} // namespace

void open_websocket_forward(node_streams& node, const request_handle& request, const streamed_pod& pod) {
  const auto ports = read_forwarded_ports(request->query);
  if (!ports) return answer_error(*request, ports.error());
  const auto session = std::make_shared<websocket_forward>(node, pod, *ports);
  if (const auto opened = session->open(request->http, *request->exchange); !opened)
    answer_error(*request, opened.error());
}

} // namespace actord::actors
