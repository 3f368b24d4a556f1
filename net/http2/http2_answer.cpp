#include "net/http2/http2_answer.hpp"

#include "schema/base/always.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace actord::net {

void stream_board::note(std::int32_t stream) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    noted_.push_back(stream);
    if (noted_.size() > 1) return; // the session has been told and has not looked yet
  }
  signal_->raise();
}

void stream_board::take(std::vector<std::int32_t>& noted) {
  noted.clear();
  const std::scoped_lock lock(mutex_);
  noted.swap(noted_);
}

void stream_board::note_taken(std::int32_t stream, std::size_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    taken_.emplace_back(stream, bytes);
    if (taken_.size() > 1) return;
  }
  signal_->raise();
}

stream_board::taken_list stream_board::take_taken() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(taken_, {});
}

void stream_board::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  noted_ = {};
  taken_ = {};
}

void http2_answer::respond(http_response response) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || overruled_) return;
    ALWAYS(phase_ == phase::waiting);
    place(std::move(response));
  }
  board_->note(stream_);
}

void http2_answer::overrule(http_response response) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || phase_ != phase::waiting) return;
    overruled_ = true;
    place(std::move(response));
  }
  board_->note(stream_);
}

void http2_answer::place(http_response response) {
  if (shared_bytes body = std::exchange(response.body, nullptr); body && !body->empty()) {
    pending_.store(body->size(), std::memory_order_relaxed);
    pieces_.push_back(std::move(body));
  }
  head_ = std::move(response);
  phase_ = phase::complete;
}

void http2_answer::begin(http_response head) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || overruled_) return;
    ALWAYS(phase_ == phase::waiting);
    head_ = std::move(head);
    phase_ = phase::streaming;
  }
  board_->note(stream_);
}

void http2_answer::write_all(std::span<shared_bytes> pieces) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || overruled_ || discards_) return;
    ALWAYS(phase_ == phase::streaming);
    const bool was_empty = pending_bytes() == 0;
    for (shared_bytes& bytes : pieces) {
      if (!bytes || bytes->empty()) continue;
      pending_.fetch_add(bytes->size(), std::memory_order_relaxed);
      pieces_.push_back(std::move(bytes));
    }
    // Had it some before, the session knows that there is something, and takes all there is.
    if (!was_empty || pending_bytes() == 0) return;
  }
  board_->note(stream_);
}

void http2_answer::end() {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || overruled_) return;
    ALWAYS(phase_ == phase::streaming);
    phase_ = phase::complete;
  }
  board_->note(stream_);
}

void http2_answer::on_drained(std::function<void()> callback) {
  const std::scoped_lock lock(mutex_);
  if (!closed_) on_drained_ = std::move(callback);
}

void http2_answer::on_closed(std::function<void()> callback) {
  {
    const std::scoped_lock lock(mutex_);
    if (!closed_) {
      on_closed_ = std::move(callback);
      return;
    }
  }
  if (callback) callback();
}

void http2_answer::abandon(const std::function<http_response()>& failure) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || phase_ == phase::complete) return;
    if (phase_ == phase::streaming) {
      broken_ = true;
      phase_ = phase::complete;
    }
  }
  if (!broken_) return respond(failure());
  board_->note(stream_);
}

std::optional<http2_answer::response_start> http2_answer::take_head() {
  const std::scoped_lock lock(mutex_);
  if (!head_) return {};
  response_start taken{
      .response = std::move(*head_), .complete = phase_ == phase::complete, .length_bytes = pending_bytes()};
  head_.reset();
  return taken;
}

bool http2_answer::answered() const {
  const std::scoped_lock lock(mutex_);
  return phase_ != phase::waiting;
}

bool http2_answer::streaming() const {
  const std::scoped_lock lock(mutex_);
  return phase_ == phase::streaming;
}

http2_answer::state http2_answer::state_behind() const {
  if (broken_) return state::broken;
  if (front_ < pieces_.size()) return state::more;
  return phase_ == phase::complete ? state::ended : state::empty;
}

http2_answer::portion http2_answer::read(std::span<char> into) {
  std::function<void()> drained;
  portion given;
  {
    const std::scoped_lock lock(mutex_);
    while (given.count < into.size() && front_ < pieces_.size()) {
      const std::string& piece = *pieces_[front_];
      const std::size_t count = std::min(into.size() - given.count, piece.size() - front_offset_);
      std::memcpy(into.data() + given.count, piece.data() + front_offset_, count);
      given.count += count;
      front_offset_ += count;
      if (front_offset_ < piece.size()) break;
      pieces_[front_++].reset();
      front_offset_ = 0;
    }
    if (front_ == pieces_.size()) {
      pieces_.clear();
      front_ = 0;
    }
    pending_.fetch_sub(given.count, std::memory_order_relaxed);
    given.then = state_behind();
    if (given.count > 0 && given.then == state::empty) drained = on_drained_;
  }
  if (drained) drained();
  return given;
}

void http2_answer::discard_body() {
  const std::scoped_lock lock(mutex_);
  discards_ = true;
  pieces_.clear();
  front_ = 0;
  front_offset_ = 0;
  pending_.store(0, std::memory_order_relaxed);
}

void http2_answer::close() {
  std::function<void()> closed;
  std::function<void()> drained; // destroyed outside the lock: it may hold the last handle of this exchange
  std::vector<shared_bytes> pieces;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    closed = std::exchange(on_closed_, nullptr);
    drained = std::exchange(on_drained_, nullptr);
    pieces.swap(pieces_);
    head_.reset();
    front_ = 0;
    front_offset_ = 0;
    pending_.store(0, std::memory_order_relaxed);
  }
  if (closed) closed();
}

} // namespace actord::net
