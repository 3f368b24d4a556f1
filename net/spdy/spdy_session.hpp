#pragma once

#include "net/spdy/header_block.hpp"
#include "schema/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// SPDY/3.1 as kubectl speaks it behind `Upgrade: SPDY/3.1`, and inside WebSocket messages. A pure state
/// machine: bytes in, events and bytes out.

namespace actord::net {

/// Status codes of RST_STREAM (2.6.3).
enum class spdy_reset : std::uint32_t {
  protocol_error = 1,
  invalid_stream = 2,
  refused_stream = 3,
  cancel = 5,
  internal_error = 6,
  flow_control_error = 7,
  stream_in_use = 8,
  stream_already_closed = 9,
};

inline constexpr std::size_t spdy_control_max_bytes =
    std::size_t{64} * 1024; ///< a control frame; larger end the session
inline constexpr std::int64_t spdy_window_bytes = std::int64_t{64} * 1024; ///< of a stream and of the session
inline constexpr std::size_t spdy_piece_max_bytes = std::size_t{16} * 1024; ///< of a data frame we send

/// Called from within `receive`; any of them may be empty.
struct spdy_events {
  /// The peer opened a stream; answer with `reply` or `reset`. `finished`: it will send nothing on it.
  std::function<void(std::uint32_t stream, const spdy_headers& headers, bool finished)> opened;
  /// The peer answered a stream of ours.
  std::function<void(std::uint32_t stream)> replied;
  std::function<void(std::uint32_t stream, std::string_view bytes)> received;
  std::function<void(std::uint32_t stream)> finished; ///< the peer sends nothing more on it
  std::function<void(std::uint32_t stream)> reset;    ///< the peer ended it both ways
  std::function<void()> going_away;
};

/// A stream is gone once both sides have finished or one has reset it; calls about a stream that is gone do
/// nothing. With windows as 3.1 has them: what we may send is limited only if the peer keeps windows (Go's
/// spdystream, behind every kubectl, does not and never updates one); what we received is handed back by
/// `consumed`.
class spdy_session {
public:
  enum class role : std::uint8_t { server, client };

  spdy_session(role side, std::size_t streams_max, spdy_events events);

  /// An error is the peer's breach of the protocol; what is said about it is in `take_output`, then the
  /// connection must end.
  result<void> receive(std::string_view bytes);

  /// A new stream of ours.
  std::uint32_t open(const spdy_headers& headers, bool finished);
  void reply(std::uint32_t stream);
  void send(std::uint32_t stream, std::string_view bytes);
  void finish(std::uint32_t stream);
  void reset(std::uint32_t stream, spdy_reset why);
  void consumed(std::uint32_t stream, std::size_t bytes);
  void go_away();

  /// The bytes to send, once.
  [[nodiscard]] std::string take_output();
  /// What waits for the peer's windows.
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

private:
  struct stream_state {
    bool peer_finished = false;
    bool we_finished = false;
    bool finish_queued = false;
    std::int64_t send_window = spdy_window_bytes;
    std::int64_t unreturned = 0; ///< received, consumed and not yet said
    std::deque<std::string> queue;
  };
  /// The frame whose payload is being read.
  struct frame_head {
    bool control = false;
    std::uint16_t type = 0;
    std::uint32_t stream = 0; ///< of data
    std::uint8_t flags = 0;
    std::uint32_t left_bytes = 0;
  };

  result<void> read_head(std::string_view& bytes);
  result<void> read_data(std::string_view& bytes);
  result<void> read_control(std::string_view& bytes);
  result<void> on_control();
  result<void> on_syn_stream(std::string_view payload, bool finished);
  result<void> on_syn_reply(std::string_view payload);
  result<void> on_headers(std::string_view payload);
  result<void> on_settings(std::string_view payload);
  result<void> on_window_update(std::string_view payload);
  result<void> breach(const char* what);
  void peer_finishes(std::uint32_t stream);
  void drop_if_done(std::uint32_t stream);
  void flush(std::uint32_t id, stream_state& stream);
  void flush_all();
  void write_control(std::uint16_t type, std::uint8_t flags, std::string_view payload);
  void write_data(std::uint32_t stream, bool last, std::string_view bytes);
  [[nodiscard]] bool is_ours(std::uint32_t stream) const;

  const role side_;
  const std::size_t streams_max_;
  const spdy_events events_;
  header_inflater inflater_;
  header_deflater deflater_;
  std::map<std::uint32_t, stream_state> streams_;
  std::uint32_t next_own_;
  std::uint32_t last_peer_ = 0;
  bool going_away_ = false;
  bool peer_keeps_windows_ = false;
  std::int64_t initial_send_window_ = spdy_window_bytes;
  std::int64_t session_send_window_ = spdy_window_bytes;
  std::int64_t session_unreturned_ = 0;
  std::size_t queued_bytes_ = 0;
  std::optional<frame_head> frame_;
  std::string partial_; ///< a head or control payload whose end has not come
  std::string output_;
};

} // namespace actord::net
