#include "storage/member/store_engine.hpp"

#include "schema/base/always.hpp"
#include "schema/base/urgent_thread.hpp"
#include "storage/read/history.hpp"
#include "storage/read/kv_snapshot.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace actord::storage {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_waiting_messages = 1024;
constexpr std::size_t max_waiting_membership = 64;
constexpr std::size_t max_waiting_message_bytes = 128U << 20U;

error unavailable(std::string why) {
  error out;
  out.kind = error_kind::unavailable;
  out.message = std::move(why);
  return out;
}

std::size_t weight(const transaction& what) {
  std::size_t bytes = sizeof what + what.request_id.size();
  for (const object_change& change : what.changes) {
    bytes += sizeof change + change.key.space.size() + change.key.name.size();
    if (const auto* put = std::get_if<put_value>(&change.what)) bytes += put->value.size();
    if (const auto* remove = std::get_if<remove_value>(&change.what)) bytes += remove->last.size();
  }
  return bytes;
}

} // namespace

store_engine::store_engine(engine_parts parts)
    : parts_(std::move(parts)), open_view_([disk = parts_.disk] { return disk->read(); }),
      proposer_(parts_.codec, parts_.clock), outgoing_(*parts_.transport) {}

store_engine::~store_engine() {
  if (thread_.joinable()) {
    {
      const std::scoped_lock hold(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  take_inbox();
  refuse_waiting(unavailable("the store is stopping"));
  end_unapplied([] { return unknown{"the store is stopping"}; });
  waiters_.end();
  if (replica_ == nullptr) return;
  membership_.end(*replica_, "the store is stopping");
  reads_->end(unavailable("the store is stopping"));
}

void store_engine::run_thread() {
  thread_ = std::thread([this] {
    make_thread_urgent("store");
    loop();
  });
}

// ---- any thread

void store_engine::receive(member_id from, std::string bytes) {
  {
    const std::scoped_lock hold(mutex_);
    if (inbox_.messages.size() >= max_waiting_messages) return;
    if (message_bytes_ + bytes.size() > max_waiting_message_bytes) return;
    message_bytes_ += bytes.size();
    inbox_.messages.emplace_back(from, std::move(bytes));
  }
  kick();
}

void store_engine::gone(member_id member) {
  {
    const std::scoped_lock hold(mutex_);
    if (inbox_.gone.size() >= max_members) return;
    inbox_.gone.insert(member);
  }
  kick();
}

void store_engine::removed() {
  {
    const std::scoped_lock hold(mutex_);
    inbox_.removed = true;
  }
  kick();
}

void store_engine::pump() {
  ALWAYS(!thread_.joinable());
  if (stepping_.exchange(true)) return;
  do step();
  while (has_work());
  stepping_.exchange(false);
}

void store_engine::propose(transaction what, std::function<void(outcome)> done) {
  const std::size_t bytes = weight(what);
  {
    const std::scoped_lock hold(mutex_);
    if (queued_ < parts_.limits.queued_proposals && queued_bytes_ + bytes <= parts_.limits.queued_bytes) {
      ++queued_;
      queued_bytes_ += bytes;
      inbox_.proposals.push_back({std::move(what), std::move(done), bytes});
      done = nullptr;
    }
  }
  if (done) {
    error full;
    full.kind = error_kind::too_many_requests;
    full.message = "the store's queue is full, try again later";
    full.retry_after_s = 1;
    done(refused{0, std::move(full)});
    return;
  }
  kick();
}

std::unique_ptr<snapshot> store_engine::read() const {
  return make_snapshot(parts_.disk->read(), parts_.codec);
}

void store_engine::confirm_reads(std::function<void(result<void>)> ready) {
  {
    const std::scoped_lock hold(mutex_);
    if (!alone_) {
      inbox_.reads.push_back(std::move(ready));
      ready = nullptr;
    }
  }
  // A lone voter has acknowledged nothing that it has not applied.
  if (ready) return ready({});
  kick();
}

void store_engine::wait_for(revision at, std::chrono::milliseconds wait,
                            std::function<void(result<void>)> ready) {
  {
    const std::scoped_lock hold(mutex_);
    // Who is fenced has nothing that it may answer with.
    if (status_.last < at || is_fenced_) {
      inbox_.waiters.push_back({at, parts_.clock.steady_now() + wait, std::move(ready)});
      ready = nullptr;
    }
  }
  if (ready) return ready({});
  kick();
}

std::string store_engine::head(const object_key& key) const {
  // In this order: what leaves the pending heads is readable by then.
  if (const auto pending = proposer_.heads().find(key)) {
    return pending->value == nullptr ? std::string() : *pending->value;
  }
  return std::string(read()->get(key));
}

result<std::unique_ptr<watch_cursor>> store_engine::watch(watch_scope scope, revision after,
                                                          std::function<void()> wake) {
  const store_status seen = status();
  if (after < seen.compacted) return history_expired(after, seen.compacted);
  return hub_->subscribe(std::move(scope), after, std::move(wake));
}

wall_time store_engine::now() const {
  const wall_time wall = parts_.clock.wall_now();
  const std::scoped_lock hold(mutex_);
  return std::max(wall, logged_time_);
}
store_status store_engine::status() const {
  const kv::usage space = parts_.disk->space();
  const std::scoped_lock hold(mutex_);
  store_status status = status_;
  status.map_bytes = space.used_bytes;
  return status;
}
bool store_engine::fenced() const {
  const std::scoped_lock hold(mutex_);
  return is_fenced_;
}
std::string store_engine::cluster_id() const { return cluster_; }
std::vector<cluster_member> store_engine::members() const {
  const std::scoped_lock hold(mutex_);
  return members_;
}
std::shared_ptr<void> store_engine::on_leadership(leadership_listener listener) {
  return board_.add(std::move(listener));
}

void store_engine::add_learner(member_id id, std::string address, membership_answer done) {
  ask_membership({membership_step::add_learner, id, std::move(address), {}, std::move(done)});
}
void store_engine::promote(member_id id, std::chrono::milliseconds wait, membership_answer done) {
  ask_membership({membership_step::promote, id, {}, parts_.clock.steady_now() + wait, std::move(done)});
}
void store_engine::remove_member(member_id id, membership_answer done) {
  ask_membership({membership_step::remove, id, {}, {}, std::move(done)});
}
void store_engine::transfer_leadership(member_id to, membership_answer done) {
  ask_membership({membership_step::transfer, to, {}, {}, std::move(done)});
}
void store_engine::ask_membership(membership_request request) {
  bool taken = false;
  {
    const std::scoped_lock hold(mutex_);
    taken = inbox_.membership.size() < max_waiting_membership;
    if (taken) inbox_.membership.push_back(std::move(request));
  }
  if (taken) return kick();
  request.done(unavailable("too many changes of members wait"));
}

/// Wakes the worker or, without a thread, is the worker.
void store_engine::kick() {
  if (thread_.joinable()) {
    changed_.notify_one();
    return;
  }
  // Whoever comes while another thread is the worker leaves it the work, so that one looks once more after it
  // has stopped to be.
  do {
    if (stepping_.exchange(true)) return;
    while (has_work()) step();
    stepping_.exchange(false);
  } while (has_mail());
}

} // namespace actord::storage
