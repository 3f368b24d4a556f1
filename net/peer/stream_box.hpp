#pragma once

#include "net/peer/peer_mail.hpp"
#include "net/peer/peer_stream.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace actord::net {

class stream_box;

/// What the connection of a stream is told of; on the network's thread.
class stream_keeper {
public:
  virtual void changed(stream_box& box) = 0;

protected:
  ~stream_keeper() = default;
};

/// Between the users of one end of a stream, on any threads, and the network's thread. Shared by the
/// peer_stream that users hold and, while the stream is open, its connection.
///
/// unacknowledged = bytes in `pieces` + bytes that the connection holds or has sent and that the other end
/// has not reported as taken.
class stream_box : public std::enable_shared_from_this<stream_box> {
public:
  explicit stream_box(std::shared_ptr<peer_mail> mail) : mail_(std::move(mail)) {}

  /// What users hold.
  std::shared_ptr<peer_stream> handle();

  // Any thread.
  bool write(std::string_view bytes);
  void end();
  void fail(error why);
  void taken(std::size_t bytes);
  /// The last user has gone.
  void drop();

  // The network's thread.
  struct contents {
    std::deque<std::string> pieces;
    std::size_t taken = 0;
    bool ended = false;
    std::optional<error> failure;
  };
  /// From now on `keeper` is told, until `close`.
  void attach(stream_keeper& keeper, std::uint64_t number);
  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// What came since the last time.
  contents collect();
  /// True when the writer waits and may go on.
  bool acknowledge(std::size_t bytes, std::size_t window);
  void close();

private:
  void signal(std::unique_lock<std::mutex>& held);

  std::shared_ptr<peer_mail> mail_;
  stream_keeper* keeper_ = nullptr; ///< the network's thread only
  std::uint64_t number_ = 0;        ///< the network's thread only; what the keeper knows it by

  std::mutex mutex_;
  contents since_;
  std::size_t unacknowledged_ = 0;
  std::size_t window_ = stream_window_first;
  bool waits_ = false; ///< `write` said no
  bool ended_ = false;
  bool closed_ = false; ///< or failed by us: nothing that users say matters any more
  bool signalled_ = false;
};

} // namespace actord::net
