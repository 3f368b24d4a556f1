#include "net/http/websocket_client.hpp"

#include "net/http/curl_connection.hpp"
#include "net/proxy/response_parser.hpp"
#include "net/streams/channel_message.hpp"
#include "schema/base/rng.hpp"

#include <curl/curl.h>
#include <poll.h>

#include <array>
#include <utility>

namespace actord::net {
namespace {

constexpr int handshake_patience_ms = 30'000;
constexpr std::size_t front_max_bytes = std::size_t{16} * 1024;
constexpr unsigned char opcode_binary = 2;
constexpr unsigned char opcode_close = 8;
constexpr unsigned char opcode_ping = 9;

error broken(std::string what) {
  return error{.kind = error_kind::unavailable, .message = "websocket: " + std::move(what)};
}

std::string random_bytes(std::size_t count) {
  std::string bytes;
  while (bytes.size() < count) bytes += static_cast<char>(system_random_source().next() & 0xff);
  return bytes;
}

class curl_websocket final : public websocket_client {
public:
  explicit curl_websocket(curl_connection connection) : connection_(std::move(connection)) {}

  result<client_answer> shake_hands(const http_client_options& options, const std::string& target,
                                    const std::vector<std::string>& protocols) {
    output_ = request_text(options, target, protocols);
    response_parser parser(true);
    client_answer answer;
    while (!parser.done()) {
      if (auto sent = flush(); !sent) return sent.error();
      auto bytes = connection_.receive();
      if (!bytes) return bytes.error();
      if (bytes->ended) {
        if (auto ended = parser.end(); !ended) return ended.error();
        break;
      }
      if (bytes->text.empty()) {
        pollfd wait{descriptor(), static_cast<short>(pending_bytes() == 0 ? POLLIN : POLLIN | POLLOUT), 0};
        if (::poll(&wait, 1, handshake_patience_ms) <= 0) return broken("the server does not answer");
        continue;
      }
      const auto used = parser.put(bytes->text, answer.body);
      if (!used) return used.error();
      if (parser.done() && parser.head().code == 101)
        if (auto read = frames_.put(std::string_view(bytes->text).substr(*used)); !read) return read.error();
    }
    answer.code = parser.head().code;
    answer.headers = parser.head().headers;
    protocol_ = parser.head().header("sec-websocket-protocol");
    return answer;
  }

  [[nodiscard]] const std::string& protocol() const override { return protocol_; }
  [[nodiscard]] int descriptor() const override { return connection_.descriptor(); }
  [[nodiscard]] std::size_t pending_bytes() const override {
    return output_.size() + front_.size() - front_sent_;
  }
  [[nodiscard]] bool closed() const override { return closed_; }

  void send(std::string_view payload) override { queue(opcode_binary, payload); }

  result<void> flush() override {
    while (pending_bytes() > 0) {
      if (front_sent_ == front_.size()) {
        front_.assign(output_, 0, front_max_bytes);
        front_sent_ = 0;
        output_.erase(0, front_.size());
      }
      const auto sent = connection_.send(std::string_view(front_).substr(front_sent_));
      if (!sent) return sent.error();
      if (*sent == 0) return {};
      front_sent_ += *sent;
    }
    return {};
  }

  result<std::optional<std::string>> receive() override {
    while (true) {
      while (auto message = frames_.next()) {
        if (message->opcode == opcode_ping) {
          queue(opcode_ping + 1, message->payload);
        } else if (message->opcode == opcode_close) {
          closed_ = true;
          queue(opcode_close, message->payload);
          static_cast<void>(flush());
          return std::optional<std::string>();
        } else if (message->opcode < opcode_close) {
          return std::optional(std::move(message->payload));
        }
      }
      if (closed_) return std::optional<std::string>();
      auto bytes = connection_.receive();
      if (!bytes) return bytes.error();
      if (bytes->ended) closed_ = true;
      if (bytes->text.empty()) return std::optional<std::string>();
      if (auto read = frames_.put(bytes->text); !read) return read.error();
    }
  }

private:
  static std::string request_text(const http_client_options& options, const std::string& target,
                                  const std::vector<std::string>& protocols) {
    const std::size_t scheme = options.base_url.find("://");
    std::string host = options.base_url.substr(scheme == std::string::npos ? 0 : scheme + 3);
    host = host.substr(0, host.find('/'));
    std::string text = "GET " + target + " HTTP/1.1\r\nHost: " + host +
                       "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
                       "Sec-WebSocket-Key: " + base64_text(random_bytes(16)) +
                       "\r\nUser-Agent: " + options.user_agent + "\r\nSec-WebSocket-Protocol: ";
    for (const std::string& protocol : protocols)
      text += (&protocol == &protocols.front() ? "" : ", ") + protocol;
    text += "\r\n";
    if (!options.token.empty()) text += "Authorization: Bearer " + options.token + "\r\n";
    return text + "\r\n";
  }

  void queue(unsigned char opcode, std::string_view payload) {
    output_ += client_frame(opcode, payload, static_cast<std::uint32_t>(system_random_source().next()));
    static_cast<void>(flush()); // a failure shows with the next call
  }

  curl_connection connection_;
  server_frames frames_;
  std::string protocol_;
  std::string output_;
  /// What TLS has been given and has not taken: it must be given again as it was, at the place where it was,
  /// whatever is queued meanwhile.
  std::string front_;
  std::size_t front_sent_ = 0;
  bool closed_ = false;
};

} // namespace

std::string client_frame(unsigned char opcode, std::string_view payload, std::uint32_t mask) {
  std::string frame;
  frame += static_cast<char>(0x80 | opcode);
  const std::uint64_t size = payload.size();
  if (size < 126) {
    frame += static_cast<char>(0x80 | size);
  } else {
    const int bytes = size < 65536 ? 2 : 8;
    frame += static_cast<char>(0x80 | (bytes == 2 ? 126 : 127));
    for (int at = bytes - 1; at >= 0; --at) frame += static_cast<char>(size >> (8 * at) & 0xff);
  }
  std::array<char, 4> key{};
  for (std::size_t at = 0; at < key.size(); ++at) key[at] = static_cast<char>(mask >> (8 * at) & 0xff);
  frame.append(key.data(), key.size());
  for (std::size_t at = 0; at < payload.size(); ++at) frame += static_cast<char>(payload[at] ^ key[at % 4]);
  return frame;
}

result<void> server_frames::put(std::string_view bytes) {
  unread_ += bytes;
  while (true) {
    const auto taken = take_frame();
    if (!taken) return taken.error();
    if (!*taken) return {};
  }
}

std::optional<server_frames::message> server_frames::next() {
  if (taken_ == ready_.size()) {
    ready_.clear();
    taken_ = 0;
    return std::nullopt;
  }
  return std::move(ready_[taken_++]);
}

result<bool> server_frames::take_frame() {
  if (unread_.size() < 2) return false;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(unread_[at]); };
  const bool last = (byte(0) & 0x80) != 0;
  const unsigned char opcode = byte(0) & 0x0f;
  if ((byte(0) & 0x70) != 0 || (byte(1) & 0x80) != 0)
    return broken("a frame of a form that was not agreed on");
  std::size_t head = 2;
  std::uint64_t size = byte(1) & 0x7f;
  if (size >= 126) {
    const std::size_t bytes = size == 126 ? 2 : 8;
    if (unread_.size() < 2 + bytes) return false;
    size = 0;
    for (std::size_t at = 0; at < bytes; ++at) size = size << 8 | byte(2 + at);
    head += bytes;
  }
  const bool control = opcode >= opcode_close;
  if (size > websocket_message_max_bytes || partial_.size() + size > websocket_message_max_bytes)
    return broken("a message is too large");
  if (control && (!last || size > 125)) return broken("a control frame is too large");
  if (unread_.size() < head + size) return false;
  std::string payload = unread_.substr(head, size);
  unread_.erase(0, head + size);
  if (control) {
    ready_.push_back({.opcode = opcode, .payload = std::move(payload)});
    return true;
  }
  if ((opcode == 0) == (partial_opcode_ == 0)) return broken("fragments out of order");
  if (opcode != 0) partial_opcode_ = opcode;
  partial_ += payload;
  if (last)
    ready_.push_back({.opcode = std::exchange(partial_opcode_, 0), .payload = std::exchange(partial_, {})});
  return true;
}

result<websocket_opening> open_websocket(const http_client_options& options, const std::string& target,
                                         const std::vector<std::string>& protocols) {
  auto connection = curl_connection::open(options);
  if (!connection) return std::move(connection).error();
  auto socket = std::make_unique<curl_websocket>(std::move(*connection));
  auto answer = socket->shake_hands(options, target, protocols);
  if (!answer) return std::move(answer).error();
  websocket_opening opening{.answer = std::move(*answer), .socket = {}};
  if (opening.answer.code == 101) opening.socket = std::move(socket);
  return opening;
}

} // namespace actord::net
