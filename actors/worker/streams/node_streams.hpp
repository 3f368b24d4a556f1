#pragma once

#include "net/cni/pod_door.hpp"
#include "net/streams/channel_message.hpp"
#include "schema/base/bytes.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Streams into a node's containers: exec, attach, port-forward. Messages only, with credit in both
/// directions, so that a node elsewhere can be reached over the wire in the same words.
///
///   caller ──send, finish, resize──▶ process          each piece sent comes back as `sent` once it is with
///   the caller ◀──received, finished──── process          process; each piece received is given back by
///   `taken` caller ◀──ended────────────────── (last)          neither side is more than stream_window_bytes
///   ahead

namespace actord::actors {

inline constexpr std::size_t stream_window_bytes = std::size_t{256} * 1024;

enum class stream_part : std::uint8_t { output, error_output };

struct stream_end {
  int exit_code = 0;
  std::optional<error> failure = {}; ///< it could not be started, or was lost
};

/// Called one at a time, on a thread of the node's; never from within a call of the stream. Let go of after
/// `ended`.
struct node_stream_events {
  std::function<void(stream_part part, shared_bytes bytes)> received;
  std::function<void(stream_part part)> finished;
  std::function<void(std::size_t bytes)> sent; ///< also for what nobody reads any more
  std::function<void(stream_end end)> ended;
};

/// All calls from any thread; none blocks. Dropping it before `ended` ends what is at the other side.
class node_stream {
public:
  virtual ~node_stream() = default;
  virtual void send(shared_bytes bytes) = 0;
  /// No more input.
  virtual void finish() = 0;
  virtual void resize(net::terminal_size size) = 0;
  virtual void taken(stream_part part, std::size_t bytes) = 0;
};

/// One container of one pod, as the API knows them.
struct container_target {
  std::string space;
  std::string pod;
  std::string pod_uid;
  std::string container;
};

struct stream_terms {
  bool input = false;
  bool output = false;
  bool error_output = false;
  bool terminal = false;
};

class node_streams {
public:
  virtual ~node_streams() = default;

  /// Whether the container runs; not_found when it does not. Asked before a client is told that its streams
  /// are open.
  virtual void find(container_target target, std::function<void(result<void>)> found) = 0;
  /// The same for a pod as a whole.
  virtual void find_pod(std::string pod_uid, std::function<void(result<void>)> found) = 0;
  virtual std::unique_ptr<node_stream> execute(container_target target, std::vector<std::string> command,
                                               stream_terms terms, node_stream_events events) = 0;
  /// The container's own streams. Its end is not a failure; there is no exit code.
  virtual std::unique_ptr<node_stream> attach(container_target target, stream_terms terms,
                                              node_stream_events events) = 0;
  /// A TCP connection to a port of the pod.
  virtual std::unique_ptr<node_stream> dial(std::string pod_uid, std::uint16_t port, net::pod_door at,
                                            node_stream_events events) = 0;
  /// Calls `job` once; whoever may be gone by then captures a weak pointer.
  virtual void after(std::chrono::milliseconds delay, std::function<void()> job) = 0;
};

} // namespace actord::actors
