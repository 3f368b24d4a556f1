#pragma once

#include "schema/base/result.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

/// HTTPS calls of this server to others: webhooks.

namespace actord::net {

/// A POST of JSON to a server that must prove that it is the host its address names.
struct https_call {
  std::string url;           ///< "https://HOST[:PORT]/PATH?QUERY"
  std::string connect_to;    ///< "ADDRESS:PORT" that is called in place of the URL's; empty: the URL's own
  std::string authority_pem; ///< whom to believe; empty: the machine's authorities
  std::string body;
  std::chrono::milliseconds timeout{0}; ///< for all of it, waiting in line included
};

struct https_answer {
  int code = 0;
  std::string body;
};

struct https_caller_limits {
  std::size_t calls_max = 128;              ///< under way at once
  std::size_t waiting_max = 4096;           ///< for their turn
  std::size_t answer_bytes_max = 8U << 20U; ///< of one answer's body
};

/// Makes calls, many at once, on one thread that begins with the first. Connections are kept for further
/// calls. Follows no redirects: 3xx is an answer like any other.
class https_caller {
public:
  using answer_taker = std::function<void(result<https_answer>)>;

  static std::unique_ptr<https_caller> create(https_caller_limits limits = {});
  /// Waits for the thread; what is under way ends with `unavailable`.
  virtual ~https_caller() = default;

  /// `done` is called once, on the caller's own thread or before this returns, and must not block. Errors are
  /// failures to get an answer, in the words of Kubernetes (`Post "URL": context deadline exceeded`):
  ///   timeout            not in time
  ///   too_many_requests  too many calls wait
  ///   unavailable        anything else
  virtual void call(https_call what, answer_taker done) = 0;
  /// Ends what is under way and takes nothing more. Not from within `done`.
  virtual void stop() = 0;
};

} // namespace actord::net
