#pragma once

#include "schema/base/clock.hpp"
#include "schema/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace actord::net {

/// One thread that waits for descriptors and calls back: what carries the bytes of exec, attach, port-forward
/// and proxied requests, however many there are. Callbacks must not block.
///
/// Shared by all that use it; its owner ends it with `stop`, after which posted jobs are dropped and every
/// callback it held has been let go of.
class stream_loop {
public:
  /// Gets the events (EPOLLIN, ...) that came true.
  using handler = std::function<void(std::uint32_t events)>;

  static result<std::shared_ptr<stream_loop>> start();
  ~stream_loop();
  stream_loop(const stream_loop&) = delete;
  stream_loop& operator=(const stream_loop&) = delete;

  /// From any thread. Jobs run in the order they came.
  void post(std::function<void()> job);
  /// Waits for the thread; not from the thread itself.
  void stop();

  /// The rest on the loop's thread only. A descriptor is watched once; forget it before it is closed.
  result<void> watch(int descriptor, std::uint32_t events, handler callback);
  void change(int descriptor, std::uint32_t events);
  void forget(int descriptor);
  /// Once; whoever may be gone by then captures a weak pointer.
  void after(std::chrono::milliseconds delay, std::function<void()> job);
  [[nodiscard]] bool on_thread() const;

private:
  class state;
  explicit stream_loop(std::shared_ptr<state> made);

  std::shared_ptr<state> state_;
};

} // namespace actord::net
