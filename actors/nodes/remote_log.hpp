#pragma once

#include "actors/nodes/remote_node.hpp"
#include "actors/worker/node_services.hpp"
#include "net/peer/node_frame.hpp"
#include "net/peer/node_request.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace actord::actors {

/// The log of a container on another node, at the side that asked. Frames are read on the loop's thread; the
/// receiver, which may block, has a thread while something is there for it. The node may send on once the
/// receiver has taken what came.
class remote_log : public std::enable_shared_from_this<remote_log> {
public:
  static void read(const remote_node& node, log_request request, stream_receiver receiver);

  remote_log(const remote_node& node, stream_receiver receiver);
  void begin(std::string payload);

private:
  struct piece {
    std::string bytes;
    std::size_t stream_bytes = 0;
  };

  void on_piece(std::string_view bytes);
  bool on_frame(net::node_frame frame);
  void on_closed(const std::optional<error>& why);
  /// The first outcome counts; what came before it still goes to the receiver.
  void finish(result<void> outcome);
  void give(piece what);
  void wake();
  /// On a thread of the readers.
  void deliver();
  void receiver_left();

  const std::string node_;
  node_link& link_;
  const std::shared_ptr<net::stream_loop> loop_;
  worker_pool& readers_;
  const std::shared_ptr<void> place_; ///< among the logs that are read
  const stream_receiver receiver_;

  // The loop's thread.
  net::node_frame_reader reader_;
  std::shared_ptr<net::peer_stream> stream_;
  bool over_ = false; ///< nothing of the stream matters any more

  std::mutex mutex_;
  std::deque<piece> pieces_; ///< at most the stream's window
  std::optional<result<void>> outcome_;
  bool delivering_ = false;
  bool done_ = false; ///< the receiver heard its last
};

} // namespace actord::actors
