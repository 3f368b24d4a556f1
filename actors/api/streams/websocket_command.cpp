#include "actors/api/streams/websocket_command.hpp"

#include "net/http/websocket.hpp"
#include "net/streams/channel_message.hpp"

#include <utility>

namespace actord::actors {
namespace {

using net::stream_channel;

const std::vector<std::string>& protocols() {
  static const std::vector<std::string> names{"v5.channel.k8s.io", "v4.channel.k8s.io",
                                              "v4.base64.channel.k8s.io", "channel.k8s.io",
                                              "base64.channel.k8s.io"};
  return names;
}

class websocket_command final : public command_session {
public:
  using command_session::command_session;

  result<void> open(const net::http_request& http, net::http_exchange& exchange) {
    const auto self = std::static_pointer_cast<websocket_command>(shared_from_this());
    const std::lock_guard lock(mutex_);
    auto accepted = net::accept_websocket(
        http, exchange, {.protocols = protocols()},
        {.message = [self](net::message_kind, std::string_view payload) { self->receive(payload); },
         .drained = [self] { self->on_drained(); },
         .closed = [self](std::uint16_t) { self->on_closed(); }});
    if (!accepted) return std::move(accepted).error();
    socket_ = std::move(*accepted);
    protocol_ = net::channel_protocol_of(socket_->protocol()).value_or(net::channel_protocol{});
    if (!protocol_.closes_channels) greet();
    begin();
    socket_->resume();
    return {};
  }

protected:
  void put_output(stream_part part, const shared_bytes& bytes) override {
    put(part == stream_part::output ? stream_channel::output : stream_channel::error_output, bytes);
  }
  void put_finished(stream_part) override {}
  void put_end(const stream_end& end) override {
    std::string status = protocol_.status_is_object ? command_status(end) : command_failure_text(end);
    if (!status.empty()) put(stream_channel::status, share_bytes(std::move(status)));
    socket_->close(net::websocket_code::normal, {});
  }
  [[nodiscard]] std::size_t pending_bytes() const override { return socket_->pending_bytes(); }
  void pause() override { socket_->pause(); }
  void resume() override { socket_->resume(); }

private:
  void put(stream_channel channel, const shared_bytes& bytes) {
    const char prefix = channel_prefix(protocol_, channel);
    if (protocol_.base64)
      socket_->send(net::message_kind::text, {&prefix, 1}, share_bytes(net::base64_text(*bytes)));
    else
      socket_->send(net::message_kind::binary, {&prefix, 1}, bytes);
  }

  /// An empty message tells clients that wait for one that the stream is there. Those of v5 do not wait, and
  /// some complain of a message that comes before they are ready.
  void greet() {
    const stream_terms& terms = request().terms;
    stream_channel lowest = stream_channel::status;
    if (terms.error_output) lowest = stream_channel::error_output;
    if (terms.output) lowest = stream_channel::output;
    put(lowest, share_bytes({}));
  }

  void receive(std::string_view payload) {
    const std::lock_guard lock(mutex_);
    if (is_over()) return;
    const auto message = net::read_channel_message(protocol_, payload);
    if (!message) {
      client_gone();
      return socket_->close(net::websocket_code::unsupported_data, "no such channel");
    }
    if (message->channel == stream_channel::input)
      message->closes ? finish_input() : take_input(message->payload);
    if (message->channel == stream_channel::resize) take_size(message->payload);
  }

  void on_drained() {
    const std::lock_guard lock(mutex_);
    drained();
  }

  void on_closed() {
    const std::lock_guard lock(mutex_);
    client_gone();
  }

  net::websocket_handle socket_;
  net::channel_protocol protocol_;
};

} // namespace

void open_websocket_command(node_streams& node, const request_handle& request, command_request command) {
  const auto session = std::make_shared<websocket_command>(node, std::move(command));
  if (const auto opened = session->open(request->http, *request->exchange); !opened)
    answer_error(*request, opened.error());
}

} // namespace actord::actors
