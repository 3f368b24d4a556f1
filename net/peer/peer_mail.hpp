#pragma once

#include "net/peer/peer_network.hpp"
#include "schema/base/unique_fd.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace actord::net {

struct queued_call {
  std::string method;
  std::string payload;
  steady_time until;
  std::function<void(result<std::string>)> done;
};

/// What other threads hand to the network's, and what they are told about it. Bounded for each peer: what a
/// store says to a peer that cannot take it is dropped here, a call refused.
///
/// The network's thread sleeps on `wake_fd`; the first that hands something over wakes it.
class peer_mail {
public:
  peer_mail();
  /// Before anybody hands anything over.
  void limit(const peer_limits& limits);

  // Any thread.
  [[nodiscard]] std::size_t call_bytes() const;
  void raft(storage::member_id to, std::string bytes, bool may_be_overtaken);
  void call(storage::member_id to, queued_call call);
  /// Runs on the network's thread; dropped once `close` was called.
  void post(std::function<void()> task);
  [[nodiscard]] std::vector<peer_status> statuses() const;

  // The network's thread.
  [[nodiscard]] int wake_fd() const { return wake_.get(); }
  std::vector<std::function<void()>> take_tasks();
  /// Messages in order, at least one when there is one, then as many as fit.
  std::vector<std::string> take_raft(storage::member_id to, std::size_t bytes);
  std::optional<std::string> take_overtaken(storage::member_id to);
  std::vector<queued_call> take_calls(storage::member_id to);
  /// A peer's queue takes messages only while it is open. Closing it drops what waits and refuses its calls.
  void open(storage::member_id to);
  void shut(storage::member_id to);
  void call_ended(storage::member_id to);
  void heard(storage::member_id from, steady_time at);
  void note(storage::member_id peer, const std::function<void(peer_status&)>& change);
  void forget(storage::member_id peer);
  /// Nothing is taken any more; calls are refused.
  void close();

private:
  struct slot {
    bool open = false;
    std::deque<std::string> raft;
    std::deque<std::string> overtaken;
    std::vector<queued_call> calls;
    std::size_t bytes = 0;
    peer_status status;
  };
  void wake(std::unique_lock<std::mutex>& held);
  [[nodiscard]] bool is_full(const slot& of, std::size_t bytes) const;

  unique_fd wake_;
  mutable std::mutex mutex_;
  peer_limits limits_;
  bool woken_ = false;
  bool closed_ = false;
  std::map<storage::member_id, slot> slots_;
  std::vector<std::function<void()>> tasks_;
};

error not_connected(storage::member_id to);

} // namespace actord::net
