#pragma once

#include "actors/nodes/remote_node.hpp"
#include "actors/worker/streams/node_streams.hpp"
#include "net/peer/node_frame.hpp"
#include "net/peer/node_request.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace actord::actors {

/// One exec, attach or connection on another node, at the side that asked. Everything on the loop's thread.
///
///   open ──▶ running ──ended, or the stream closed──▶ ended       any ──leave──▶ failed at both sides
///
/// input_ahead_ = sent and not reported as `sent`; output_ahead_ = received and not `taken`, at most
/// stream_window_bytes of each part.
class remote_stream : public std::enable_shared_from_this<remote_stream> {
public:
  /// What the caller holds.
  static std::unique_ptr<node_stream> open(const remote_node& node, const net::node_request& request,
                                           node_stream_events events);

  remote_stream(std::string node, node_stream_events events)
      : node_(std::move(node)), events_(std::move(events)) {}

  void begin(node_link& link, std::shared_ptr<net::stream_loop> loop, std::string payload);
  void send(std::string_view bytes);
  void finish();
  void resize(net::terminal_size size);
  void taken(stream_part part, std::size_t bytes);
  void leave();

private:
  void on_piece(std::string_view piece);
  /// False when it does not belong here.
  bool on_frame(const net::node_frame& frame);
  bool on_output(stream_part part, const net::node_frame& frame);
  void on_closed(const std::optional<error>& why);
  void report(stream_end end);

  const std::string node_;
  node_stream_events events_;
  std::unique_ptr<net::node_frame_writer> writer_;
  net::node_frame_reader reader_;
  std::size_t input_ahead_ = 0;
  std::array<std::size_t, 2> output_ahead_{};
  bool ended_ = false;
};

} // namespace actord::actors
