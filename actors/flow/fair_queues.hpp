#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <vector>

namespace actord::actors {

/// Names one waiting request.
using flow_ticket = std::uint64_t;

struct flow_waiting {
  flow_ticket ticket = 0;
  std::uint32_t seats = 1;
  std::int64_t since_ns = 0; ///< on the monotonic clock
};

/// The cards of the hand that a flow is dealt: `hand` different queues out of `queues`, the same for every
/// request of the flow. Two flows share all of them only by rare chance, so a flow that fills its own hand
/// leaves the others room.
std::vector<std::uint32_t> deal_hand(std::uint64_t flow, std::uint32_t queues, std::uint32_t hand);

/// The waiting requests of one priority level: shuffle-sharded queues, served by start-time fair queuing.
///
/// Each queue has a virtual start: what it was served so far, in seats. The queue that was served least goes
/// first, and a queue that was empty joins at the virtual time of the last one served, so it earns no credit
/// by idling:
///
///   virtual time 10:  A starts 10, B starts 14, C was empty and starts 10;  order A (width 3 → 13), C, A, B
class fair_queues {
public:
  void reshape(std::uint32_t queues, std::uint32_t hand, std::uint32_t length);

  /// False when every queue of the flow's hand is full.
  bool push(std::uint64_t flow, const flow_waiting& request);
  /// The request whose turn it is; null when none waits.
  [[nodiscard]] const flow_waiting* front() const;
  void pop_front();
  /// Takes out requests that wait since before `limit_ns`.
  void remove_older(std::int64_t limit_ns, std::vector<flow_waiting>& removed);

  [[nodiscard]] std::size_t size() const { return size_; }

private:
  struct queue {
    std::list<flow_waiting> requests; ///< a list costs nothing while it is empty, as most are
    std::uint64_t seats = 0;          ///< of all its requests
    std::uint64_t start = 0;          ///< virtual start of its first
  };
  [[nodiscard]] std::optional<std::size_t> next() const;

  std::vector<queue> queues_;
  std::uint32_t hand_ = 1;
  std::uint32_t length_ = 1;
  std::uint64_t virtual_time_ = 0;
  std::size_t size_ = 0;
};

} // namespace actord::actors
