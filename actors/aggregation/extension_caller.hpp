#pragma once

#include "actors/aggregation/extension_line.hpp"
#include "actors/aggregation/extension_request.hpp"
#include "net/streams/stream_loop.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace actord::actors {

/// A request of this server's own to an extension server.
struct extension_call {
  extension_handle service;
  std::string method = "GET";
  std::string target;         ///< path and query, encoded
  header_fields headers = {}; ///< besides who asks
  caller_identity caller;
  std::string body = {};
  std::chrono::milliseconds timeout{5000}; ///< for all of it
  std::size_t answer_max_bytes = std::size_t{4} << 20U;
};

struct extension_answer {
  int code = 0;
  std::string tag;  ///< ETag
  std::string type; ///< Content-Type
  std::string body;
};

/// Asks extension servers, each call on a connection of its own, all on one loop. Any thread.
class extension_caller {
public:
  using taker = std::function<void(result<extension_answer>)>;

  explicit extension_caller(extension_lines& lines) : lines_(lines) {}
  /// See `stop`.
  ~extension_caller();
  extension_caller(const extension_caller&) = delete;
  extension_caller& operator=(const extension_caller&) = delete;

  /// `done` is called at most once, on the loop or before this returns: never, when this is destroyed before.
  /// The error's message is the reason, without what was asked for.
  void call(const extension_call& what, taker done);
  /// The loop, begun when first needed.
  result<std::shared_ptr<net::stream_loop>> loop();
  /// Ends what is under way without an answer; what comes afterwards is refused.
  void stop();

private:
  extension_lines& lines_;
  std::mutex mutex_;
  std::shared_ptr<net::stream_loop> loop_;
  bool stopped_ = false;
};

} // namespace actord::actors
