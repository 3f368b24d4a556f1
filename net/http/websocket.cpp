#include "net/http/websocket.hpp"

#include "net/http/header_lists.hpp"
#include "net/http/websocket_frames.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace actord::net {

namespace {

/// Pings of a client that does not read are answered no more from here on; RFC 6455 5.5.3 leaves that open.
constexpr std::size_t pongs_pending_max_bytes = std::size_t{64} * 1024;
constexpr std::size_t reason_max_bytes = 123;
constexpr std::string_view accept_salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

error refused(error_kind kind, std::string message) {
  return error{.kind = kind, .message = std::move(message)};
}

/// Sixteen bytes in base64.
bool is_key(std::string_view key) {
  const auto is_digit = [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '+' || character == '/';
  };
  return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, is_digit);
}

/// base64(sha1(key + salt)): RFC 6455 4.2.2.
std::string accept_value(std::string_view key) {
  const std::string salted = std::string(key) + std::string(accept_salt);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(salted.data(), salted.size(), digest.data(), &length, EVP_sha1(), nullptr);
  std::array<unsigned char, 64> text{};
  const int written = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(length));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(written)};
}

class server_websocket final : public websocket, public std::enable_shared_from_this<server_websocket> {
public:
  server_websocket(std::string protocol, std::size_t message_limit_bytes, websocket_events events)
      : protocol_(std::move(protocol)), reader_(message_limit_bytes), events_(std::move(events)) {}

  /// The stream keeps what feeds it until it is closed; the handles that `accept_websocket` gives out do not
  /// count for it, so that letting go of the last of them is noticed.
  static upgraded_events feed(const std::shared_ptr<server_websocket>& self) {
    return {.received = [self](std::string_view bytes) { self->receive(bytes); },
            .drained =
                [self] {
                  if (self->events_.drained) self->events_.drained();
                },
            .closed = [self] { self->ended(); }};
  }
  void attach(upgraded_handle stream) {
    const std::scoped_lock lock(mutex_);
    stream_ = std::move(stream);
  }

  [[nodiscard]] const std::string& protocol() const override { return protocol_; }

  void send(message_kind kind, std::string_view prefix, shared_bytes payload) override {
    const std::size_t length = prefix.size() + (payload ? payload->size() : 0);
    std::string header =
        frame_header(kind == message_kind::text ? frame_opcode::text : frame_opcode::binary, length);
    header += prefix;
    const std::scoped_lock lock(mutex_); // header and payload stay together
    if (!stream_ || closing_) return;
    stream_->write(share_bytes(std::move(header)));
    if (payload) stream_->write(std::move(payload));
  }

  [[nodiscard]] std::size_t pending_bytes() const override {
    const auto stream = current();
    return stream ? stream->pending_bytes() : 0;
  }
  void pause() override {
    if (const auto stream = current()) stream->pause();
  }
  void resume() override {
    if (const auto stream = current()) stream->resume();
  }

  void close(std::uint16_t code, std::string_view reason) override {
    const std::scoped_lock lock(mutex_);
    if (!stream_ || closing_) return;
    closing_ = true;
    if (reported_code_ == websocket_code::cut_off) reported_code_ = code;
    std::string payload;
    if (code != websocket_code::none_given) {
      payload.push_back(static_cast<char>(code >> 8U));
      payload.push_back(static_cast<char>(code & 0xFFU));
      payload += reason.substr(0, reason_max_bytes);
    }
    stream_->write(share_bytes(frame_header(frame_opcode::close, payload.size()) + payload));
    stream_->end();
  }

  void abandon() {
    const auto stream = current();
    if (stream) stream->cut(); // does nothing after `close`
  }

private:
  [[nodiscard]] upgraded_handle current() const {
    const std::scoped_lock lock(mutex_);
    return stream_;
  }

  [[nodiscard]] bool is_closing() const {
    const std::scoped_lock lock(mutex_);
    return closing_;
  }

  void receive(std::string_view bytes) {
    while (auto event = reader_.next(bytes)) {
      switch (event->what) {
      case frame_event::type::message:
        if (events_.message && !is_closing()) events_.message(event->kind, event->payload);
        break;
      case frame_event::type::ping:
        answer_ping(event->payload);
        break;
      case frame_event::type::pong:
        break;
      case frame_event::type::close:
      case frame_event::type::fault:
        report(event->code);
        close(event->code, {});
        break;
      }
    }
  }

  void answer_ping(std::string_view payload) {
    const std::scoped_lock lock(mutex_);
    if (!stream_ || closing_ || stream_->pending_bytes() > pongs_pending_max_bytes) return;
    stream_->write(share_bytes(frame_header(frame_opcode::pong, payload.size()) + std::string(payload)));
  }

  void report(std::uint16_t code) {
    const std::scoped_lock lock(mutex_);
    if (!closing_) reported_code_ = code;
  }

  void ended() {
    upgraded_handle stream;
    std::uint16_t code = 0;
    {
      const std::scoped_lock lock(mutex_);
      stream.swap(stream_);
      code = reported_code_;
    }
    if (events_.closed) events_.closed(code);
    events_ = {};
  }

  const std::string protocol_;
  frame_reader reader_;     ///< the connection's thread only
  websocket_events events_; ///< the connection's thread only
  mutable std::mutex mutex_;
  upgraded_handle stream_; ///< null after the end
  bool closing_ = false;
  std::uint16_t reported_code_ = websocket_code::cut_off;
};

result<std::string> choose_protocol(const http_request& request, const websocket_terms& terms) {
  if (terms.protocols.empty()) return std::string();
  const std::vector<std::string> offered = offered_protocols(request);
  if (offered.empty() && terms.protocol_optional) return std::string();
  for (const std::string& each : offered) {
    if (std::find(terms.protocols.begin(), terms.protocols.end(), each) != terms.protocols.end()) return each;
  }
  return refused(error_kind::forbidden, "none of the WebSocket subprotocols is supported");
}

} // namespace

bool asks_to_upgrade(const http_request& request, std::string_view protocol) {
  return list_contains(request, "connection", "upgrade") && list_contains(request, "upgrade", protocol);
}

bool asks_for_websocket(const http_request& request) { return asks_to_upgrade(request, "websocket"); }

std::vector<std::string> offered_protocols(const http_request& request) {
  std::vector<std::string> offered;
  for_each_element(request, "sec-websocket-protocol",
                   [&offered](std::string_view element) { offered.emplace_back(element); });
  return offered;
}

result<websocket_handle> accept_websocket(const http_request& request, http_exchange& exchange,
                                          const websocket_terms& terms, websocket_events events) {
  if (request.method != "GET" || !asks_for_websocket(request))
    return refused(error_kind::bad_request, "the request is no WebSocket handshake");
  if (request.header("sec-websocket-version") != "13")
    return refused(error_kind::bad_request, "only version 13 of WebSocket is supported");
  const std::string_view key = request.header("sec-websocket-key");
  if (!is_key(key)) return refused(error_kind::bad_request, "malformed Sec-WebSocket-Key");
  auto protocol = choose_protocol(request, terms);
  if (!protocol) return protocol.error();
  std::vector<std::pair<std::string, std::string>> headers{{"upgrade", "websocket"},
                                                           {"sec-websocket-accept", accept_value(key)}};
  if (!protocol->empty()) headers.emplace_back("sec-websocket-protocol", *protocol);
  const auto socket =
      std::make_shared<server_websocket>(*std::move(protocol), terms.message_limit_bytes, std::move(events));
  auto stream = exchange.switch_protocols(std::move(headers), server_websocket::feed(socket));
  if (!stream) return refused(error_kind::bad_request, "this connection cannot become a WebSocket");
  socket->attach(std::move(stream));
  return websocket_handle(socket.get(), [socket = socket](websocket*) mutable {
    socket->abandon();
    socket.reset();
  });
}

} // namespace actord::net
