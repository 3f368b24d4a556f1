#include "actors/api/streams/byte_carrier.hpp"
#include "actors/api/streams/forward_session.hpp"
#include "actors/api/streams/spdy_upgrade.hpp"
#include "net/spdy/spdy_session.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace actord::actors {
namespace {

constexpr std::size_t streams_max = 1000; ///< two for each connection
constexpr std::size_t pending_low_bytes = stream_window_bytes / 2;
constexpr std::string_view tunnel_protocol = "SPDY/3.1+portforward.k8s.io";
constexpr std::array<std::string_view, 1> protocols{"portforward.k8s.io"};

/// All connections of one client. One lock holds the client's thread and the node's apart; nobody whom it
/// calls calls back at once.
///
/// A slow connection holds back the others of the same client, as its bytes come through one pipe; the client
/// is read no further while any connection is more than a window ahead of its reader.
class spdy_forward : public std::enable_shared_from_this<spdy_forward> {
public:
  spdy_forward(node_streams& node, streamed_pod pod)
      : node_(node), pod_(std::move(pod)),
        spdy_(net::spdy_session::role::server, streams_max,
              {.opened = [this](std::uint32_t id, const net::spdy_headers& headers,
                                bool) { on_stream(id, headers); },
               .replied = {},
               .received = [this](std::uint32_t id, std::string_view bytes) { on_data(id, bytes); },
               .finished = [this](std::uint32_t id) { on_finished(id); },
               .reset = [this](std::uint32_t id) { on_reset(id); },
               .going_away = {}}) {}

  void open(std::unique_ptr<byte_carrier> carrier) {
    const std::lock_guard lock(mutex_);
    carrier_ = std::move(carrier);
    carrier_->resume();
  }

  void receive(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (!carrier_) return;
    const auto read = spdy_.receive(bytes);
    flush();
    if (!read) carrier_->end();
  }

  void drained() {
    const std::lock_guard lock(mutex_);
    give_back();
  }

  void closed() {
    const std::lock_guard lock(mutex_);
    connections_.clear();
    carrier_.reset();
  }

private:
  struct connection {
    std::uint16_t port = 0;
    std::uint32_t error_stream = 0;
    std::uint32_t data_stream = 0;
    std::unique_ptr<node_stream> stream;
    std::size_t untaken = 0;
    std::size_t ahead = 0;
  };
  using connections = std::map<std::string, connection, std::less<>>;

  void flush() {
    if (std::string output = spdy_.take_output(); carrier_ && !output.empty())
      carrier_->write(std::move(output));
  }

  void on_stream(std::uint32_t id, const net::spdy_headers& headers) {
    const std::string_view type = net::find_header(headers, "streamtype");
    const auto port = read_port(net::find_header(headers, "port"));
    if ((type != "error" && type != "data") || !port) return spdy_.reset(id, net::spdy_reset::refused_stream);
    // Without a number the streams come in pairs, error before data.
    std::string key(net::find_header(headers, "requestid"));
    if (key.empty()) key = fmt::format("stream {}", type == "data" && id >= 2 ? id - 2 : id);
    connection& entry = connections_[key];
    std::uint32_t& place = type == "error" ? entry.error_stream : entry.data_stream;
    if (place != 0 || (entry.port != 0 && entry.port != *port))
      return spdy_.reset(id, net::spdy_reset::refused_stream);
    place = id;
    entry.port = *port;
    if (type == "data") keys_by_stream_[id] = key;
    spdy_.reply(id);
    if (entry.error_stream != 0 && entry.data_stream != 0)
      entry.stream = node_.dial(pod_.uid, *port, net::pod_door::loopback, events_for(key));
  }

  node_stream_events events_for(const std::string& key) {
    return {.received = [self = shared_from_this(),
                         key](stream_part, const shared_bytes& bytes) { self->on_received(key, *bytes); },
            .finished = {},
            .sent = [self = shared_from_this(), key](std::size_t bytes) { self->on_sent(key, bytes); },
            .ended = [self = shared_from_this(), key](const stream_end& end) { self->on_ended(key, end); }};
  }

  void on_received(const std::string& key, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(key);
    if (found == connections_.end()) return;
    spdy_.send(found->second.data_stream, bytes);
    found->second.untaken += bytes.size();
    flush();
    give_back();
  }

  void on_sent(const std::string& key, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(key);
    if (found == connections_.end()) return;
    found->second.ahead -= std::min(found->second.ahead, bytes);
    resume_when_due();
  }

  void on_ended(const std::string& key, const stream_end& end) {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(key);
    if (found == connections_.end()) return;
    if (end.failure)
      spdy_.send(found->second.error_stream, forward_failure_text(pod_, found->second.port, *end.failure));
    spdy_.finish(found->second.error_stream);
    spdy_.finish(found->second.data_stream);
    forget(found);
    flush();
    resume_when_due();
  }

  void forget(connections::iterator at) {
    keys_by_stream_.erase(at->second.data_stream);
    connections_.erase(at);
  }

  connections::iterator connection_of(std::uint32_t data_stream) {
    const auto key = keys_by_stream_.find(data_stream);
    return key == keys_by_stream_.end() ? connections_.end() : connections_.find(key->second);
  }

  void on_data(std::uint32_t id, std::string_view bytes) {
    spdy_.consumed(id, bytes.size());
    const auto found = connection_of(id);
    if (found == connections_.end() || !found->second.stream) return;
    found->second.ahead += bytes.size();
    found->second.stream->send(share_bytes(std::string(bytes)));
    if (found->second.ahead <= stream_window_bytes || paused_) return;
    paused_ = true;
    carrier_->pause();
  }

  void on_finished(std::uint32_t id) {
    const auto found = connection_of(id);
    if (found != connections_.end() && found->second.stream) found->second.stream->finish();
  }

  void on_reset(std::uint32_t id) {
    const auto found = connection_of(id);
    if (found == connections_.end()) return;
    spdy_.finish(found->second.error_stream);
    forget(found);
    resume_when_due();
  }

  void resume_when_due() {
    if (!paused_ || !carrier_) return;
    const bool ahead = std::ranges::any_of(
        connections_, [](const auto& entry) { return entry.second.ahead > stream_window_bytes / 2; });
    if (ahead) return;
    paused_ = false;
    carrier_->resume();
  }

  void give_back() {
    if (!carrier_ || carrier_->pending_bytes() + spdy_.queued_bytes() > pending_low_bytes) return;
    for (auto& [key, entry] : connections_)
      if (const std::size_t count = std::exchange(entry.untaken, 0); count > 0 && entry.stream)
        entry.stream->taken(stream_part::output, count);
  }

  node_streams& node_;
  const streamed_pod pod_;
  std::mutex mutex_;
  net::spdy_session spdy_;
  std::unique_ptr<byte_carrier> carrier_;
  connections connections_;
  std::map<std::uint32_t, std::string> keys_by_stream_; ///< of data streams
  bool paused_ = false;
};

void open_plain(const std::shared_ptr<spdy_forward>& session, const request_handle& request) {
  const auto protocol = negotiate_spdy(*request, protocols);
  if (!protocol) return;
  auto stream = request->exchange->switch_protocols(
      {{"upgrade", "SPDY/3.1"}, {protocol_header, std::string(*protocol)}},
      {.received = [session](std::string_view bytes) { session->receive(bytes); },
       .drained = [session] { session->drained(); },
       .closed = [session] { session->closed(); }});
  if (!stream) return answer_error(*request, cannot_upgrade());
  session->open(std::make_unique<plain_carrier>(std::move(stream)));
}

void open_tunnel(const std::shared_ptr<spdy_forward>& session, const request_handle& request) {
  auto accepted = net::accept_websocket(
      request->http, *request->exchange,
      {.protocols = {std::string(tunnel_protocol)}, .protocol_optional = false},
      {.message = [session](net::message_kind, std::string_view bytes) { session->receive(bytes); },
       .drained = [session] { session->drained(); },
       .closed = [session](std::uint16_t) { session->closed(); }});
  if (!accepted) return answer_error(*request, accepted.error());
  session->open(std::make_unique<tunnel_carrier>(std::move(*accepted)));
}

} // namespace

std::string forward_failure_text(const streamed_pod& pod, std::uint16_t port, const error& why) {
  return fmt::format("error forwarding port {} to pod {}, uid {}: {}", port, pod.name, pod.uid, why.message);
}

void open_spdy_forward(node_streams& node, const request_handle& request, const streamed_pod& pod) {
  const auto session = std::make_shared<spdy_forward>(node, pod);
  if (!net::asks_for_websocket(request->http)) return open_plain(session, request);
  const auto offered = net::offered_protocols(request->http);
  if (std::ranges::find(offered, tunnel_protocol) != offered.end()) return open_tunnel(session, request);
  open_websocket_forward(node, request, pod);
}

} // namespace actord::actors
