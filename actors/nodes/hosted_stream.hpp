#pragma once

#include "actors/worker/node_services.hpp"
#include "actors/worker/streams/node_streams.hpp"
#include "net/peer/node_frame.hpp"
#include "net/peer/node_request.hpp"
#include "net/peer/peer_stream.hpp"
#include "net/streams/stream_loop.hpp"

#include <array>
#include <functional>
#include <memory>

namespace actord::actors {

/// What a server has asked of this node and is not over.
class hosted_work {
public:
  virtual ~hosted_work() = default;
  /// The node stops, and hears no more of it: from any thread, while nothing else runs on the loop.
  virtual void abandon() = 0;
};

/// One exec, attach or connection that a server asked for, at the node's side. Everything on the loop's
/// thread.
///
/// input_ahead_ = given to the process and not reported as `sent`, at most input_ahead_max; output_ahead_ =
/// sent to the server and not reported as taken.
class hosted_stream final : public hosted_work, public std::enable_shared_from_this<hosted_stream> {
public:
  /// The window, and the largest message that a client may send at once.
  static constexpr std::size_t input_ahead_max = stream_window_bytes + (std::size_t{2} << 20U);

  hosted_stream(std::shared_ptr<net::stream_loop> loop, std::shared_ptr<net::peer_stream> stream,
                std::function<void()> over)
      : loop_(std::move(loop)), writer_(std::move(stream)), over_(std::move(over)) {}

  /// Opens what the request asks for.
  void begin(node_services& node, const net::node_request& request);
  void on_piece(std::string_view piece);
  void drained() { writer_.drained(); }
  void on_closed();
  void abandon() override;

private:
  node_stream_events events();
  bool on_frame(net::node_frame& frame);
  bool on_taken(stream_part part, std::size_t bytes);

  const std::shared_ptr<net::stream_loop> loop_;
  net::node_frame_writer writer_;
  const std::function<void()> over_;
  std::unique_ptr<node_stream> stream_; ///< null once ended or given up
  net::node_frame_reader reader_;
  std::size_t input_ahead_ = 0;
  std::array<std::size_t, 2> output_ahead_{};
};

} // namespace actord::actors
