#pragma once

#include "actors/nodes/hosted_stream.hpp"

#include <condition_variable>
#include <mutex>

namespace actord::actors {

/// A log that a server reads, at the node's side. The log's reader has a thread of its own, which waits here
/// while the stream's window is full.
class hosted_log final : public hosted_work, public std::enable_shared_from_this<hosted_log> {
public:
  hosted_log(std::shared_ptr<net::peer_stream> stream, std::function<void()> over)
      : stream_(std::move(stream)), over_(std::move(over)) {}

  void begin(node_services& node, const net::node_request& request);
  /// Nothing is to be said by the server.
  void on_piece();
  void drained();
  void on_closed();
  void abandon() override;

private:
  bool more(std::string_view piece);
  void done(const result<void>& outcome);
  void close();

  const std::shared_ptr<net::peer_stream> stream_;
  const std::function<void()> over_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool room_ = true;
  bool closed_ = false;
};

} // namespace actord::actors
