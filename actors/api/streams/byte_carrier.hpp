#pragma once

#include "net/http/upgraded_stream.hpp"
#include "net/http/websocket.hpp"
#include "schema/base/bytes.hpp"

#include <memory>
#include <string>
#include <utility>

namespace actord::actors {

/// What SPDY's bytes travel on: the connection itself after `Upgrade: SPDY/3.1`, or binary WebSocket messages
/// (`SPDY/3.1+portforward.k8s.io`). All calls from any thread; none calls back.
class byte_carrier {
public:
  virtual ~byte_carrier() = default;
  virtual void write(std::string bytes) = 0;
  [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
  virtual void pause() = 0;
  virtual void resume() = 0;
  /// Sends what is pending, then closes.
  virtual void end() = 0;
};

class plain_carrier final : public byte_carrier {
public:
  explicit plain_carrier(net::upgraded_handle stream) : stream_(std::move(stream)) {}
  void write(std::string bytes) override { stream_->write(share_bytes(std::move(bytes))); }
  [[nodiscard]] std::size_t pending_bytes() const override { return stream_->pending_bytes(); }
  void pause() override { stream_->pause(); }
  void resume() override { stream_->resume(); }
  void end() override { stream_->end(); }

private:
  const net::upgraded_handle stream_;
};

class tunnel_carrier final : public byte_carrier {
public:
  explicit tunnel_carrier(net::websocket_handle socket) : socket_(std::move(socket)) {}
  void write(std::string bytes) override {
    socket_->send(net::message_kind::binary, share_bytes(std::move(bytes)));
  }
  [[nodiscard]] std::size_t pending_bytes() const override { return socket_->pending_bytes(); }
  void pause() override { socket_->pause(); }
  void resume() override { socket_->resume(); }
  void end() override { socket_->close(net::websocket_code::normal, {}); }

private:
  const net::websocket_handle socket_;
};

} // namespace actord::actors
