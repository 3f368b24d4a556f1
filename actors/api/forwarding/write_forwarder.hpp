#pragma once

#include "net/peer/forwarding.hpp"
#include "schema/base/clock.hpp"
#include "storage/cluster.hpp"

#include <functional>
#include <memory>

namespace actord::storage {
class store;
}

namespace actord::actors {

class leader_link;
class leader_wait;

/// Takes a write to the server that leads, whichever that is by the time it gets there, and brings the answer
/// back once this server has applied what was written: the client reads its own writes here.
///
///   forward ──▶ this server leads ──▶ served here ──(it stopped leading)──┐
///      ▲   └──▶ another leads ──▶ asked ──▶ answer ──▶ applied here ──▶ client
///      │   └──▶ nobody does ──▶ waits ──▶ 503 after a while     │
///      └────────────────────────────────────────────────────────┴── not the leader, lost, unreachable
///
/// Every try carries the same request id, so that a try too many is answered with the outcome of the first.
class write_forwarder : public std::enable_shared_from_this<write_forwarder> {
public:
  struct collaborators {
    storage::store& store;
    leader_link& link;
    std::shared_ptr<leader_wait> waiting;
    const clock_source& clock;
    /// How long to wait for the answer to a request: one that takes longer is not coming.
    std::function<std::chrono::milliseconds(const net::http_request& http)> deadline;
    /// Whether this server takes writes itself now.
    std::function<bool()> leads;
    /// Serves it on this server. Where it stops leading meanwhile, `forward` is called again.
    std::function<void(net::forwarded_request what, const net::exchange_handle& exchange, steady_time until)>
        serve;
  };

  explicit write_forwarder(collaborators with);
  ~write_forwarder();
  write_forwarder(const write_forwarder&) = delete;
  write_forwarder& operator=(const write_forwarder&) = delete;

  /// Any thread; never blocks. `until`: how long it looks for a leader.
  void forward(net::forwarded_request what, net::exchange_handle exchange, steady_time until);
  /// The same for what `serve` was given and this server could not do, or cannot tell of.
  void pass_on(net::forwarded_request what, net::exchange_handle exchange, steady_time until);
  /// Another member leads, or none: who was asked before is not waited for. Any thread.
  void leader_changed();

private:
  struct journey;
  struct state;

  void attempt(const std::shared_ptr<journey>& one);
  void settle(const std::shared_ptr<journey>& one, std::uint64_t number, result<std::string> answer);
  void wait_or_fail(const std::shared_ptr<journey>& one);
  void arrive(const std::shared_ptr<journey>& one, net::forwarded_answer::answered answer);
  void finish(const std::shared_ptr<journey>& one);

  const collaborators with_;
  std::unique_ptr<state> state_;
};

} // namespace actord::actors
