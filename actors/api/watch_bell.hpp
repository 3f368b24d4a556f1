#pragma once

#include "schema/base/clock.hpp"

#include <atomic>
#include <caf/actor.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

/// How the actor of a watch stream learns that there is something to do.

namespace actord::actors {

namespace watch_messages {

/// There may be something to do: new events, or room to send.
struct wake {};

} // namespace watch_messages

class watch_bell;

/// Rings bells together, a moment after the first of them asked: streams that are busy anyway are fed several
/// events at once, which go out in one write and one TLS record. Any thread; outlived by nobody's ringing.
class watch_pacer {
public:
  /// What a busy stream's event waits at most. Well below the 10 ms that events may take, and at 1,000 events
  /// a second several of them.
  static constexpr std::chrono::milliseconds pace{3};

  explicit watch_pacer(const clock_source& clock) : clock_(clock) {}
  /// `ringer` is an actor that calls `ring_all` for each `watch_messages::wake` it gets.
  void use(caf::actor ringer);
  /// Ends the ringer. What is held then never rings.
  void stop();
  void hold(std::shared_ptr<watch_bell> bell);
  void ring_all();
  [[nodiscard]] std::int64_t now_ns() const { return clock_.steady_now().time_since_epoch().count(); }

private:
  const clock_source& clock_;
  std::mutex mutex_;
  caf::actor ringer_;
  std::vector<std::shared_ptr<watch_bell>> held_;
};

/// One stream's. Rings that nobody has looked at yet count as one, however many the store sends. Any thread.
class watch_bell : public std::enable_shared_from_this<watch_bell> {
public:
  watch_bell(caf::actor target, std::shared_ptr<watch_pacer> pacer)
      : target_(std::move(target)), pacer_(std::move(pacer)) {}

  void ring();
  /// There are events. Rings at once, unless the stream was fed a moment ago.
  void ring_for_events();
  /// The socket has taken everything. Rings when the stream waits for that.
  void ring_for_room();

  // The stream's side.
  void answered() { raised_ = false; }
  void fed() { fed_at_ns_.store(pacer_->now_ns(), std::memory_order_relaxed); }
  /// After this the next `ring_for_room` rings. Look once more whether there is room before you wait for it.
  void wait_for_room();

private:
  const caf::actor target_;
  const std::shared_ptr<watch_pacer> pacer_;
  std::atomic<bool> raised_{false};
  std::atomic<bool> waits_for_room_{false};
  std::atomic<std::int64_t> fed_at_ns_{std::numeric_limits<std::int64_t>::min() / 2}; ///< never
};

} // namespace actord::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(actord::actors::watch_messages::wake)
