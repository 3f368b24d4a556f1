#include "actors/api/watch_bell.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

namespace actord::actors {

using watch_messages::wake;

void watch_pacer::use(caf::actor ringer) {
  const std::scoped_lock hold(mutex_);
  ringer_ = std::move(ringer);
}

void watch_pacer::stop() {
  const std::scoped_lock hold(mutex_);
  caf::anon_send_exit(ringer_, caf::exit_reason::user_shutdown);
}

void watch_pacer::hold(std::shared_ptr<watch_bell> bell) {
  const std::scoped_lock hold(mutex_);
  held_.push_back(std::move(bell));
  if (held_.size() == 1) caf::delayed_anon_send(ringer_, pace, wake{});
}

void watch_pacer::ring_all() {
  std::vector<std::shared_ptr<watch_bell>> due;
  {
    const std::scoped_lock hold(mutex_);
    due.swap(held_);
    held_.reserve(due.size());
  }
  for (const std::shared_ptr<watch_bell>& bell : due) bell->ring();
}

void watch_bell::ring() {
  if (!raised_.exchange(true)) caf::anon_send(target_, wake{});
}

void watch_bell::ring_for_events() {
  const auto since_fed =
      std::chrono::nanoseconds(pacer_->now_ns() - fed_at_ns_.load(std::memory_order_relaxed));
  if (since_fed >= watch_pacer::pace) return ring();
  pacer_->hold(shared_from_this());
}

void watch_bell::ring_for_room() {
  std::atomic_thread_fence(std::memory_order_seq_cst); // see wait_for_room
  if (waits_for_room_.exchange(false)) ring();
}

/// The socket's side makes room and then looks here; the stream writes here and then looks for room: with the
/// fences one of the two sees the other.
void watch_bell::wait_for_room() {
  waits_for_room_.store(true);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

} // namespace actord::actors
