#pragma once

#include "net/http/http_server.hpp"
#include "schema/base/bytes.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace actord::actors {

/// A request's body on its way from the client's connection to whoever passes it on: kept until somebody
/// takes it, and never more of it than the connection's window.
///
///   arriving ──complete──▶ over      open: the pieces kept and those to come go to the taker
///      └──────aborted────▶ over      let_go: they go nowhere
class incoming_body : public std::enable_shared_from_this<incoming_body> {
public:
  /// Called in order, on whatever thread; they must not call back in here.
  struct taker {
    std::function<void(shared_bytes piece)> piece;
    std::function<void()> complete;
    std::function<void()> aborted;
  };

  explicit incoming_body(const net::exchange_handle& exchange) : exchange_(exchange) {}

  /// The connection's side.
  std::unique_ptr<net::body_sink> sink();

  /// The side of who passes it on; any thread.
  void open(taker by);
  /// So much has gone on its way.
  void taken(std::size_t bytes);
  void let_go();

private:
  void put(std::string_view piece);
  void end(bool complete);
  void tell_end();

  const std::weak_ptr<net::http_exchange> exchange_;
  std::mutex mutex_;
  taker taker_;
  std::vector<shared_bytes> kept_; ///< until there is a taker
  bool opened_ = false;
  bool let_go_ = false;
  bool ended_ = false;
  bool complete_ = false;
};

} // namespace actord::actors
