#include "net/peer/peer_mail.hpp"

#include "schema/base/always.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace actord::net {

peer_key key_of(const node_identity& node) {
  return node.member == 0 ? peer_key{0, node.node} : peer_key{node.member, {}};
}

std::string in_words(const peer_key& key) {
  return key.member == 0 ? "node " + key.node : "member " + std::to_string(key.member);
}

error not_connected(const peer_key& to) {
  return {.kind = error_kind::unavailable,
          .message = "there is no connection to " + in_words(to),
          .retry_after_s = 1};
}

peer_mail::peer_mail() : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) { ALWAYS(wake_); }

void peer_mail::limit(const peer_limits& limits) {
  const std::scoped_lock hold(mutex_);
  limits_ = limits;
}

std::size_t peer_mail::call_bytes() const {
  const std::scoped_lock hold(mutex_);
  return limits_.call_bytes;
}

void peer_mail::wake(std::unique_lock<std::mutex>& held) {
  const bool asleep = !std::exchange(woken_, true);
  held.unlock();
  if (!asleep) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void peer_mail::mark(const peer_key& key, slot& of) {
  if (!std::exchange(of.changed, true)) changed_.push_back(key);
}

/// The slot of a member or worker; for a node's name that is no worker's, of the member that has it.
std::map<peer_key, peer_mail::slot>::iterator peer_mail::find(const peer_key& to) {
  const auto found = slots_.find(to);
  if (found != slots_.end() || to.member != 0) return found;
  return std::ranges::find_if(slots_, [&](const auto& one) {
    return one.first.member != 0 && one.second.status.node_name == to.node;
  });
}

peer_key peer_mail::key_for(const peer_key& to) {
  const std::scoped_lock hold(mutex_);
  const auto found = find(to);
  return found == slots_.end() ? to : found->first;
}

bool peer_mail::is_full(const slot& of, std::size_t bytes) const {
  return of.bytes + bytes > limits_.queued_bytes ||
         of.raft.size() + of.overtaken.size() + of.calls.size() >= limits_.queued_messages;
}

void peer_mail::raft(storage::member_id to, std::string bytes, bool may_be_overtaken) {
  std::unique_lock hold(mutex_);
  const auto found = slots_.find({to, {}});
  if (closed_ || found == slots_.end()) return;
  slot& peer = found->second;
  if (!peer.open || is_full(peer, bytes.size())) {
    ++peer.status.raft_dropped;
    return;
  }
  peer.bytes += bytes.size();
  (may_be_overtaken ? peer.overtaken : peer.raft).push_back(std::move(bytes));
  mark(found->first, peer);
  wake(hold);
}

void peer_mail::call(const peer_key& to, queued_call call) {
  std::optional<error> refusal;
  {
    std::unique_lock hold(mutex_);
    const auto found = find(to);
    if (closed_ || found == slots_.end() || !found->second.open) {
      refusal = not_connected(to);
    } else if (is_full(found->second, call.payload.size()) ||
               found->second.status.calls_under_way >= limits_.calls) {
      refusal = error{.kind = error_kind::unavailable,
                      .message = "too much waits for " + in_words(found->first),
                      .retry_after_s = 1};
    } else {
      slot& peer = found->second;
      peer.bytes += call.payload.size();
      ++peer.status.calls_under_way;
      peer.calls.push_back(std::move(call));
      mark(found->first, peer);
      wake(hold);
      return;
    }
  }
  call.done(*std::move(refusal));
}

void peer_mail::post(std::function<void()> task) {
  std::unique_lock hold(mutex_);
  if (closed_) return;
  tasks_.push_back(std::move(task));
  wake(hold);
}

std::vector<peer_status> peer_mail::statuses() const {
  const std::scoped_lock hold(mutex_);
  std::vector<peer_status> all;
  for (const auto& [key, peer] : slots_) {
    if (key.member == 0) continue;
    all.push_back(peer.status);
    all.back().member = key.member;
    all.back().queued_bytes = peer.bytes;
  }
  return all;
}

std::vector<node_status> peer_mail::nodes() const {
  const std::scoped_lock hold(mutex_);
  std::vector<node_status> all;
  for (const auto& [key, peer] : slots_) {
    if (key.member != 0) break; // workers come first
    all.push_back({.node = key.node,
                   .address = peer.status.address,
                   .last_heard = peer.status.last_heard,
                   .queued_bytes = peer.bytes,
                   .calls_under_way = peer.status.calls_under_way});
  }
  return all;
}

std::vector<std::function<void()>> peer_mail::take_tasks() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
  const std::scoped_lock hold(mutex_);
  woken_ = false;
  return std::exchange(tasks_, {});
}

std::vector<peer_key> peer_mail::take_changed() {
  const std::scoped_lock hold(mutex_);
  for (const peer_key& key : changed_) {
    const auto found = slots_.find(key);
    if (found != slots_.end()) found->second.changed = false;
  }
  return std::exchange(changed_, {});
}

std::vector<std::string> peer_mail::take_raft(const peer_key& to, std::size_t bytes) {
  std::vector<std::string> taken;
  const std::scoped_lock hold(mutex_);
  const auto found = slots_.find(to);
  if (found == slots_.end()) return taken;
  slot& peer = found->second;
  std::size_t total = 0;
  while (!peer.raft.empty() && (taken.empty() || total + peer.raft.front().size() <= bytes)) {
    total += peer.raft.front().size();
    taken.push_back(std::move(peer.raft.front()));
    peer.raft.pop_front();
  }
  peer.bytes -= total;
  peer.status.raft_sent += taken.size();
  return taken;
}

std::optional<std::string> peer_mail::take_overtaken(const peer_key& to) {
  const std::scoped_lock hold(mutex_);
  const auto found = slots_.find(to);
  if (found == slots_.end() || found->second.overtaken.empty()) return {};
  slot& peer = found->second;
  std::string taken = std::move(peer.overtaken.front());
  peer.overtaken.pop_front();
  peer.bytes -= taken.size();
  ++peer.status.raft_sent;
  return taken;
}

std::vector<queued_call> peer_mail::take_calls(const peer_key& to) {
  const std::scoped_lock hold(mutex_);
  const auto found = slots_.find(to);
  if (found == slots_.end()) return {};
  for (const queued_call& call : found->second.calls) found->second.bytes -= call.payload.size();
  return std::exchange(found->second.calls, {});
}

void peer_mail::open(const peer_key& to) {
  const std::scoped_lock hold(mutex_);
  if (closed_) return;
  slots_[to].open = true;
}

void peer_mail::shut(const peer_key& to) {
  std::vector<queued_call> refused;
  {
    const std::scoped_lock hold(mutex_);
    const auto found = slots_.find(to);
    if (found == slots_.end()) return;
    slot& peer = found->second;
    peer.open = false;
    peer.status.raft_dropped += peer.raft.size() + peer.overtaken.size();
    peer.raft.clear();
    peer.overtaken.clear();
    peer.bytes = 0;
    peer.status.calls_under_way -= peer.calls.size();
    refused = std::exchange(peer.calls, {});
  }
  for (const queued_call& call : refused) call.done(not_connected(to));
}

void peer_mail::call_ended(const peer_key& to) {
  const std::scoped_lock hold(mutex_);
  const auto found = slots_.find(to);
  if (found != slots_.end() && found->second.status.calls_under_way > 0) {
    --found->second.status.calls_under_way;
  }
}

void peer_mail::heard(const peer_key& from, steady_time at) {
  const std::scoped_lock hold(mutex_);
  const auto found = slots_.find(from);
  if (found != slots_.end()) found->second.status.last_heard = std::max(found->second.status.last_heard, at);
}

void peer_mail::note(const peer_key& peer, const std::function<void(peer_status&)>& change) {
  const std::scoped_lock hold(mutex_);
  if (!closed_) change(slots_[peer].status);
}

void peer_mail::forget(const peer_key& peer) {
  shut(peer);
  const std::scoped_lock hold(mutex_);
  slots_.erase(peer);
}

void peer_mail::close() {
  std::vector<peer_key> peers;
  std::vector<std::function<void()>> tasks;
  {
    const std::scoped_lock hold(mutex_);
    closed_ = true;
    tasks = std::exchange(tasks_, {});
    for (const auto& [key, peer] : slots_) peers.push_back(key);
  }
  for (const auto& peer : peers) shut(peer);
}

} // namespace actord::net
