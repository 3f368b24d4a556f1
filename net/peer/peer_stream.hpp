#pragma once

#include "schema/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// Bytes in both directions between two processes, beside the calls of one connection (peer_network.hpp). A
/// stream that nobody reads holds up neither other streams nor anything else of its connection.

namespace actord::net {

/// What was written at once arrives at once, up to so many bytes; more is cut into pieces.
inline constexpr std::size_t stream_piece_bytes = 64U << 10U;
/// Not yet taken by the consumer at the other end, of one direction: in the beginning, and as far as it grows
/// while the consumer keeps up.
inline constexpr std::size_t stream_window_first = 32U << 10U;
inline constexpr std::size_t stream_window_last = 1U << 20U;
/// Written beyond the window by a writer that does not wait; the stream fails then.
inline constexpr std::size_t stream_overrun_bytes = 4U << 20U;

/// One end of a stream. All from any thread, none blocks. Dropping the last pointer before `end` fails the
/// stream; after `end` it does nothing.
class peer_stream {
public:
  virtual ~peer_stream() = default;
  /// Whether to write on; else wait for `drained`. False, too, once the stream is closed or ended.
  virtual bool write(std::string_view bytes) = 0;
  /// Nothing more will be written; what was written still arrives. Reading goes on.
  virtual void end() = 0;
  /// Ends both directions at once: what has not left is dropped, both ends hear `why`.
  virtual void fail(error why) = 0;
  /// So many bytes that came as `intake::later` are taken: the other end may send as many again.
  virtual void taken(std::size_t bytes) = 0;
};

enum class intake : std::uint8_t {
  taken, ///< the piece is dealt with
  later  ///< `peer_stream::taken` will say when
};

/// All on the network's thread, one after the other; none may block. They are let go after `closed`, and what
/// they hold with them.
struct stream_events {
  /// 1 to `stream_piece_bytes`; without it every piece is taken.
  std::function<intake(std::string piece)> piece = {};
  /// The other end writes no more.
  std::function<void()> ended = {};
  /// After `write` said no: less than half of the window is under way.
  std::function<void()> drained = {};
  /// Exactly once, the last event. Nothing: both ends ended, all that was written has left. Else why:
  /// what either end gave to `fail`, `unavailable` for a connection that broke or was not there, whatever the
  /// other end refused it with.
  std::function<void(const std::optional<error>& why)> closed = {};
};

} // namespace actord::net
