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

/// A member, or a worker by its name. Workers have member 0.
struct peer_key {
  storage::member_id member = 0;
  std::string node = {};

  auto operator<=>(const peer_key&) const = default;
};
peer_key key_of(const node_identity& node);
std::string in_words(const peer_key& key);

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
  void call(const peer_key& to, queued_call call);
  /// Runs on the network's thread; destroyed without being run once `close` was called.
  void post(std::function<void()> task);
  [[nodiscard]] std::vector<peer_status> statuses() const;
  [[nodiscard]] std::vector<node_status> nodes() const;

  /// By which key that peer's slot goes: a node's name may be a member's.
  [[nodiscard]] peer_key key_for(const peer_key& to);

  // The network's thread.
  [[nodiscard]] int wake_fd() const { return wake_.get(); }
  std::vector<std::function<void()>> take_tasks();
  /// Whom something was handed over for since the last time.
  std::vector<peer_key> take_changed();
  /// Messages in order, at least one when there is one, then as many as fit.
  std::vector<std::string> take_raft(const peer_key& to, std::size_t bytes);
  std::optional<std::string> take_overtaken(const peer_key& to);
  std::vector<queued_call> take_calls(const peer_key& to);
  /// A peer's queue takes messages only while it is open. Closing it drops what waits and refuses its calls.
  void open(const peer_key& to);
  void shut(const peer_key& to);
  void call_ended(const peer_key& to);
  void heard(const peer_key& from, steady_time at);
  /// Creates the slot where there is none.
  void note(const peer_key& peer, const std::function<void(peer_status&)>& change);
  void forget(const peer_key& peer);
  /// Nothing is taken any more; calls are refused.
  void close();

private:
  struct slot {
    bool open = false;
    bool changed = false; ///< named in `changed_`
    std::deque<std::string> raft;
    std::deque<std::string> overtaken;
    std::vector<queued_call> calls;
    std::size_t bytes = 0;
    peer_status status;
  };
  void wake(std::unique_lock<std::mutex>& held);
  void mark(const peer_key& key, slot& of);
  std::map<peer_key, slot>::iterator find(const peer_key& to);
  [[nodiscard]] bool is_full(const slot& of, std::size_t bytes) const;

  unique_fd wake_;
  mutable std::mutex mutex_;
  peer_limits limits_;
  bool woken_ = false;
  bool closed_ = false;
  std::map<peer_key, slot> slots_;
  std::vector<peer_key> changed_;
  std::vector<std::function<void()>> tasks_;
};

error not_connected(const peer_key& to);

} // namespace actord::net
