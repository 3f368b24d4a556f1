#pragma once

#include "net/peer/peer_stream.hpp"
#include "net/streams/channel_message.hpp"
#include "schema/base/result.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

/// Frames of a stream between a server and a node (schema/worker.capnp).

namespace actord::net {

enum class frame_kind : std::uint8_t {
  input = 1,
  input_end = 2,
  size = 3,
  taken_output = 4,
  taken_error_output = 5,
  output = 16,
  error_output = 17,
  output_end = 18,
  error_output_end = 19,
  sent = 20,
  ended = 21,
};

inline constexpr std::size_t frame_header_bytes = 4;
inline constexpr std::size_t frame_body_max_bytes = stream_piece_bytes - frame_header_bytes;

struct node_frame {
  frame_kind kind = frame_kind::input;
  std::string body;

  bool operator==(const node_frame&) const = default;
  /// What it takes up of a stream.
  [[nodiscard]] std::size_t stream_bytes() const { return frame_header_bytes + body.size(); }
  [[nodiscard]] std::uint32_t number() const;   ///< of taken_output, taken_error_output and sent
  [[nodiscard]] terminal_size terminal() const; ///< of size
};

std::string number_body(std::uint32_t number);
std::string size_body(terminal_size size);
/// The body fits.
std::string encode_frame(frame_kind kind, std::string_view body);

/// Frames from pieces, however they were cut. Holds less than one frame.
class node_frame_reader {
public:
  void add(std::string_view piece) { held_.append(piece); }
  /// The next whole frame, if there is one; `bad_request` for what is none: unknown, too long, or of a length
  /// that its kind never has.
  result<std::optional<node_frame>> next();

private:
  std::string held_;
  std::size_t at_ = 0;
};

/// Writes frames into a stream and waits for its reader: while the window is full they are kept, with bytes
/// of one kind put together and numbers of one kind added up. Any thread; nothing is called back from within.
///
/// What is kept is bounded by what its user may have under way; who exceeds `kept_max_bytes` all the same
/// fails the stream.
class node_frame_writer {
public:
  static constexpr std::size_t kept_max_bytes = 4U << 20U;

  explicit node_frame_writer(std::shared_ptr<peer_stream> stream) : stream_(std::move(stream)) {}

  /// Bytes of any length, for input and outputs.
  void put_bytes(frame_kind kind, std::string_view bytes);
  void put_number(frame_kind kind, std::size_t number);
  void put(frame_kind kind, std::string_view body);
  /// After what is kept.
  void end();
  /// The stream's event.
  void drained();
  void fail(error why) { stream_->fail(std::move(why)); }
  void taken(std::size_t bytes) { stream_->taken(bytes); }

private:
  void keep(frame_kind kind, std::string_view body);
  void write_kept();

  const std::shared_ptr<peer_stream> stream_;
  std::mutex mutex_;
  std::deque<node_frame> kept_;
  std::size_t kept_bytes_ = 0;
  bool full_ = false;
  bool ends_ = false;
};

} // namespace actord::net
