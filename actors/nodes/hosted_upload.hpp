#pragma once

#include "actors/nodes/hosted_stream.hpp"
#include "actors/worker/worker_pool.hpp"

#include <deque>
#include <mutex>

namespace actord::actors {

/// An image that a server sends, at the node's side. Frames are read on the loop's thread; what writes them
/// to the disk has a thread while there are any, and only then may the server send on.
class hosted_upload final : public hosted_work, public std::enable_shared_from_this<hosted_upload> {
public:
  hosted_upload(worker_pool& writers, std::shared_ptr<net::peer_stream> stream, std::function<void()> over)
      : writers_(writers), stream_(std::move(stream)), over_(std::move(over)) {}

  void begin(node_services& node);
  void on_piece(std::string_view piece);
  void on_closed();
  void abandon() override;

private:
  void wake();
  /// On a thread of the writers.
  void carry();
  void end(const net::node_end& how);
  void close();

  worker_pool& writers_;
  const std::shared_ptr<net::peer_stream> stream_;
  const std::function<void()> over_;
  net::node_frame_reader reader_; ///< the loop's thread only

  std::mutex mutex_;
  std::deque<net::node_frame> frames_; ///< at most the stream's window
  std::unique_ptr<image_upload> upload_;
  bool carrying_ = false;
  bool over_soon_ = false; ///< ended, failed or closed: what still comes is thrown away
};

} // namespace actord::actors
