#pragma once

#include "tests/support/session_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <nghttp2/nghttp2.h>

#include <map>

/// A client of HTTP/2 in memory, and a session it talks to.

namespace actord::net::test {

using fields = std::vector<std::pair<std::string, std::string>>;

/// What a client saw of one stream.
struct seen_stream {
  fields headers;
  std::string body;
  bool ended = false;
  std::optional<std::uint32_t> closed_with;

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return {};
  }
  [[nodiscard]] std::string code() const { return header(":status"); }
};

/// A well-behaved client by nghttp2, wired to the session without a socket.
class http2_client {
public:
  explicit http2_client(std::uint32_t window_bytes = 65'535) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
           const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* data) {
          static_cast<http2_client*>(data)->streams[frame->hd.stream_id].headers.emplace_back(
              std::string(reinterpret_cast<const char*>(name), name_size),
              std::string(reinterpret_cast<const char*>(value), value_size));
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                      std::size_t count, void* data) {
          static_cast<http2_client*>(data)->streams[stream].body.append(reinterpret_cast<const char*>(bytes),
                                                                        count);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* data) {
          auto& self = *static_cast<http2_client*>(data);
          if (frame->hd.type == NGHTTP2_GOAWAY) self.goaway = frame->goaway.error_code;
          if (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS)
            self.streams[frame->hd.stream_id].ended |= (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, std::int32_t stream, std::uint32_t code, void* data) {
          static_cast<http2_client*>(data)->streams[stream].closed_with = code;
          return 0;
        });
    nghttp2_option* by_hand = nullptr;
    nghttp2_option_new(&by_hand);
    nghttp2_option_set_no_auto_window_update(by_hand, window_bytes == 65'535 ? 0 : 1);
    nghttp2_session_client_new2(&session_, callbacks, this, by_hand);
    nghttp2_option_del(by_hand);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window_bytes};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
  }
  http2_client(const http2_client&) = delete;
  http2_client& operator=(const http2_client&) = delete;
  ~http2_client() { nghttp2_session_del(session_); }

  static fields head_of(std::string method, std::string path) {
    return {{":method", std::move(method)},
            {":scheme", "https"},
            {":authority", "a"},
            {":path", std::move(path)}};
  }

  std::int32_t request(const fields& head) { return submit(head, nullptr); }
  std::int32_t get(std::string path = "/x") { return request(head_of("GET", std::move(path))); }

  std::int32_t put(const fields& head, std::string body) {
    const auto& kept = bodies_.emplace_back(std::make_unique<std::string>(std::move(body)));
    left_[kept.get()] = *kept;
    nghttp2_data_provider provider{};
    provider.source.ptr = kept.get();
    provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                                std::uint32_t* flags, nghttp2_data_source* source, void* data) {
      auto& left = static_cast<http2_client*>(data)->left_[source->ptr];
      const std::size_t count = std::min(size, left.size());
      std::copy_n(left.begin(), count, reinterpret_cast<char*>(into));
      left.remove_prefix(count);
      if (left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(count);
    };
    return submit(head, &provider);
  }
  void reset(std::int32_t stream) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  }
  void take(std::int32_t stream, std::size_t bytes) { nghttp2_session_consume(session_, stream, bytes); }

  std::string output() {
    std::string all;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t count = 0; (count = nghttp2_session_mem_send(session_, &bytes)) > 0;)
      all.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
    return all;
  }
  void input(std::string_view bytes) {
    nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }

  std::map<std::int32_t, seen_stream> streams;
  std::optional<std::uint32_t> goaway;

private:
  std::int32_t submit(const fields& head, const nghttp2_data_provider* body) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : head)
      list.push_back({.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      .value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
                      .namelen = name.size(),
                      .valuelen = value.size(),
                      .flags = NGHTTP2_NV_FLAG_NONE});
    return nghttp2_submit_request(session_, nullptr, list.data(), list.size(), body, nullptr);
  }

  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<std::string>> bodies_;
  std::map<void*, std::string_view> left_;
};

struct http2_fixture : session_fixture {
  std::unique_ptr<http2_client> client = std::make_unique<http2_client>();

  void connect() { session = make_http2_session(environment()); }

  /// Lets both sides say what they have to say, in pieces of `at_once`.
  void talk(std::size_t at_once = 16 * 1024) {
    for (int turn = 0; turn < 1'000; ++turn) {
      const std::string said = client->output();
      for (std::size_t at = 0; at < said.size(); at += at_once) session->receive(said.substr(at, at_once));
      const std::string answered = take(at_once);
      client->input(answered);
      if (said.empty() && answered.empty()) return;
    }
    BOOST_FAIL("they never stop talking");
  }

  seen_stream& stream(std::int32_t id) { return client->streams[id]; }

  /// A connection whose client speaks in raw frames.
  void connect_raw() {
    connect();
    session->receive(std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + frame(NGHTTP2_SETTINGS, 0, 0, ""));
    take();
  }

  static std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t id,
                           std::string_view payload) {
    std::string bytes;
    for (const unsigned shift : {16U, 8U, 0U})
      bytes.push_back(static_cast<char>(payload.size() >> shift & 0xFFU));
    bytes.push_back(static_cast<char>(type));
    bytes.push_back(static_cast<char>(flags));
    for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes.push_back(static_cast<char>(id >> shift & 0xFFU));
    return bytes.append(payload);
  }
  /// GET https /, by entries of the static table, with an authority.
  static constexpr std::string_view get_block = "\x82\x87\x84\x41\x01"
                                                "a";
  static std::string literal(std::string_view name, std::string_view value) {
    std::string bytes(1, '\0');
    bytes.push_back(static_cast<char>(name.size()));
    bytes += name;
    bytes.push_back(static_cast<char>(value.size()));
    return bytes.append(value);
  }

  /// Feeds frames of an attack until the session wants no more; true when it ended the connection with
  /// `code`.
  bool ends_with(std::uint32_t code, std::size_t most,
                 const std::function<std::string(std::size_t)>& attack) {
    std::string answered;
    for (std::size_t count = 0; count < most && session->wants_input(); ++count) {
      session->receive(attack(count));
      answered += take();
    }
    answered += take();
    if (session->wants_input() || !ends_gracefully()) return false;
    std::string wanted = frame(NGHTTP2_GOAWAY, 0, 0, std::string(8, '\0')).substr(3, 6);
    for (std::size_t at = answered.find(wanted); at != std::string::npos; at = answered.find(wanted, at + 1))
      if (at + 14 <= answered.size() && static_cast<unsigned char>(answered[at + 13]) == code) return true;
    return false;
  }
};

inline http_response text_response(std::string text) {
  return {.code = 200, .headers = {{"Content-Type", "text/plain"}}, .body = share_bytes(std::move(text))};
}

} // namespace actord::net::test
