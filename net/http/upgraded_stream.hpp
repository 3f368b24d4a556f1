#pragma once

#include "schema/base/bytes.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

/// A connection that has left HTTP by a 101 answer: bytes both ways. `http_exchange::switch_protocols` makes
/// one; net/http/websocket.hpp speaks WebSocket on it.

namespace actord::net {

/// What happens on the connection. Called on the connection's thread, one at a time, never while `write` or
/// another call of the stream is under way on that thread; any of them may be empty. Let go of after
/// `closed`, so that they may hold the stream.
struct upgraded_events {
  /// What the client sent, in order, beginning with what came right behind the request. The view ends with
  /// the call.
  std::function<void(std::string_view bytes)> received;
  /// The pending bytes have reached zero.
  std::function<void()> drained;
  /// The connection is gone, whoever ended it. Nothing is called after this.
  std::function<void()> closed;
};

/// Begins paused, so that whoever opened it can get ready before the first bytes come. All calls from any
/// thread; after the end they do nothing. Letting go of the last handle before `end` cuts the connection.
class upgraded_stream {
public:
  virtual ~upgraded_stream() = default;

  /// Queues bytes. A producer must look at `pending_bytes`, stop at its own budget and go on when `drained`.
  virtual void write(shared_bytes bytes) = 0;
  /// What is not handed to the socket yet.
  [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
  /// Stops reading, which in the end stops the client; one more piece of up to 16 KiB may still come.
  virtual void pause() = 0;
  virtual void resume() = 0;
  /// Sends what is pending, then closes.
  virtual void end() = 0;
  /// Closes without sending what is pending.
  virtual void cut() = 0;
};
using upgraded_handle = std::shared_ptr<upgraded_stream>;

} // namespace actord::net
