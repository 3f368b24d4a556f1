#include "net/http/answer_queue.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace actord::net {

namespace {

constexpr std::size_t direct_size_bytes =
    std::size_t{16} * 1024; ///< from here on a piece is sent without gathering
constexpr std::size_t sent_pieces_kept = 64;

bool may_have_body(int code) { return code >= 200 && code != 204 && code != 304; }

} // namespace

std::size_t answer_queue::piece::size() const { return prefix_length + body->size() + suffix_length; }

std::string_view answer_queue::piece::part_at(std::size_t offset) const {
  if (offset < prefix_length) return std::string_view(prefix.data(), prefix_length).substr(offset);
  offset -= prefix_length;
  if (offset < body->size()) return std::string_view(*body).substr(offset);
  return std::string_view("\r\n").substr(offset - body->size());
}

answer_queue::answer_queue(answer_terms terms, std::shared_ptr<output_signal> signal)
    : terms_(terms), signal_(std::move(signal)), keep_alive_(terms.keep_alive) {}

void answer_queue::push(piece added) {
  pending_.fetch_add(added.size(), std::memory_order_relaxed);
  pieces_.push_back(std::move(added));
}

void answer_queue::push_text(std::string text) {
  piece added;
  added.body = share_bytes(std::move(text));
  push(std::move(added));
}

void answer_queue::push_head(const http_response& head, body_framing framing, std::uint64_t length) {
  if (framing == body_framing::to_close) keep_alive_ = false;
  push_text(render_head(head, {.framing = framing,
                               .length = length,
                               .keep_alive = keep_alive_,
                               .date = std::string_view(terms_.date.data(), terms_.date.size())}));
}

void answer_queue::respond(http_response response) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || overruled_) return;
    ALWAYS(phase_ == phase::waiting);
    place(std::move(response));
  }
  signal_->raise();
}

void answer_queue::overrule(http_response response) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || phase_ != phase::waiting) return;
    overruled_ = true;
    place(std::move(response));
  }
  signal_->raise();
}

void answer_queue::place(http_response response) {
  const bool has_body = may_have_body(response.code);
  const std::size_t length = response.body ? response.body->size() : 0;
  pieces_.reserve(2);
  push_head(response, has_body ? body_framing::length : body_framing::none, length);
  if (has_body && length > 0 && !terms_.is_head_request) {
    piece body;
    body.body = std::move(response.body);
    push(std::move(body));
  }
  phase_ = phase::complete;
}

void answer_queue::begin(http_response head) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || overruled_) return;
    ALWAYS(phase_ == phase::waiting);
    sends_body_ = may_have_body(head.code) && !terms_.is_head_request;
    chunked_ = sends_body_ && terms_.chunks_allowed;
    const body_framing framing = !may_have_body(head.code) ? body_framing::none
                                 : terms_.chunks_allowed   ? body_framing::chunked
                                                           : body_framing::to_close;
    push_head(head, framing, 0);
    phase_ = phase::streaming;
  }
  signal_->raise();
}

answer_queue::piece answer_queue::framed(shared_bytes bytes) const {
  piece made;
  if (chunked_) {
    char* const first = made.prefix.data();
    char* last = std::to_chars(first, first + made.prefix.size() - 2, bytes->size(), 16).ptr;
    *last++ = '\r';
    *last++ = '\n';
    made.prefix_length = static_cast<std::uint8_t>(last - first);
    made.suffix_length = 2;
  }
  made.body = std::move(bytes);
  return made;
}

void answer_queue::write_all(std::span<shared_bytes> pieces) {
  {
    const std::scoped_lock lock(mutex_);
    ALWAYS(closed_ || overruled_ || switched() || phase_ == phase::streaming);
    if (closed_ || !sends_body_ || phase_ != phase::streaming) return;
    for (shared_bytes& bytes : pieces)
      if (bytes && !bytes->empty()) push(framed(std::move(bytes)));
    if (front_ == pieces_.size()) return;
  }
  signal_->raise();
}

void answer_queue::end() {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || overruled_) return;
    ALWAYS(phase_ == phase::streaming);
    if (chunked_) push_text("0\r\n\r\n");
    phase_ = phase::complete;
  }
  signal_->raise();
}

void answer_queue::on_drained(std::function<void()> callback) {
  const std::scoped_lock lock(mutex_);
  if (!closed_) on_drained_ = std::move(callback);
}

void answer_queue::on_closed(std::function<void()> callback) {
  {
    const std::scoped_lock lock(mutex_);
    if (!closed_) {
      on_closed_ = std::move(callback);
      return;
    }
  }
  if (callback) callback();
}

void answer_queue::abandon(const std::function<http_response()>& failure) {
  bool unanswered = false;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || switched() || phase_ == phase::complete) return;
    unanswered = phase_ == phase::waiting;
    broken_ = !unanswered;
  }
  if (unanswered) {
    respond(failure());
  } else {
    signal_->raise();
  }
}

bool answer_queue::switch_protocols(const http_response& head, std::shared_ptr<switched_input> input,
                                    std::function<void()> drained, std::function<void()> closed) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || phase_ != phase::waiting || !terms_.may_switch) return false;
    keep_alive_ = false;
    push_head(head, body_framing::switched, 0);
    on_drained_ = std::move(drained);
    on_switched_closed_ = std::move(closed);
    switched_input_ = std::move(input);
    phase_ = phase::streaming;
    switched_.store(true, std::memory_order_release);
  }
  signal_->raise();
  return true;
}

void answer_queue::body_taken(std::size_t count) {
  const std::size_t before = body_ahead_.fetch_sub(count, std::memory_order_relaxed);
  ALWAYS(count <= before);
  if (before >= body_window_bytes && before - count < body_window_bytes) signal_->raise();
}

void answer_queue::end_switched(bool whole) {
  {
    const std::scoped_lock lock(mutex_);
    if (closed_ || !switched() || phase_ != phase::streaming) return;
    broken_ = !whole;
    phase_ = phase::complete;
  }
  signal_->raise();
}

std::string_view answer_queue::next_output(std::span<char> scratch) {
  const std::scoped_lock lock(mutex_);
  std::size_t gathered = 0;
  std::size_t offset = front_offset_;
  for (std::size_t index = front_; index < pieces_.size(); ++index, offset = 0) {
    const piece& current = pieces_[index];
    while (offset < current.size()) {
      const std::string_view part = current.part_at(offset);
      if (gathered == 0 && part.size() >= direct_size_bytes) return part.substr(0, direct_size_bytes);
      const std::size_t count = std::min(part.size(), scratch.size() - gathered);
      std::memcpy(scratch.data() + gathered, part.data(), count);
      gathered += count;
      offset += count;
      if (gathered == scratch.size()) return {scratch.data(), gathered};
    }
  }
  return {scratch.data(), gathered};
}

void answer_queue::drop_front() {
  pieces_[front_].body.reset();
  ++front_;
  front_offset_ = 0;
  if (front_ == pieces_.size()) {
    pieces_.clear();
    front_ = 0;
  } else if (front_ >= sent_pieces_kept && front_ * 2 >= pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(front_));
    front_ = 0;
  }
}

void answer_queue::sent(std::size_t count) {
  std::function<void()> drained;
  {
    const std::scoped_lock lock(mutex_);
    ALWAYS(count <= pending_bytes());
    pending_.fetch_sub(count, std::memory_order_relaxed);
    while (count > 0) {
      const std::size_t left = pieces_[front_].size() - front_offset_;
      if (count < left) {
        front_offset_ += count;
        break;
      }
      count -= left;
      drop_front();
    }
    if (pending_bytes() == 0 && phase_ == phase::streaming) drained = on_drained_;
  }
  if (drained) drained();
}

bool answer_queue::finished() const {
  const std::scoped_lock lock(mutex_);
  return phase_ == phase::complete && !broken_ && front_ == pieces_.size();
}

bool answer_queue::answered() const {
  const std::scoped_lock lock(mutex_);
  return phase_ != phase::waiting;
}

std::shared_ptr<switched_input> answer_queue::take_switched_input() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(switched_input_, nullptr);
}

bool answer_queue::streaming() const {
  const std::scoped_lock lock(mutex_);
  return phase_ == phase::streaming;
}

bool answer_queue::broken() const {
  const std::scoped_lock lock(mutex_);
  return broken_;
}

bool answer_queue::keep_alive() const {
  const std::scoped_lock lock(mutex_);
  return keep_alive_;
}

void answer_queue::refuse_keep_alive() {
  const std::scoped_lock lock(mutex_);
  keep_alive_ = false;
}

void answer_queue::close() {
  std::function<void()> closed;
  std::function<void()> switched_closed;
  std::shared_ptr<switched_input> input;
  std::function<void()> drained; // destroyed outside the lock: it may hold the last handle of this exchange
  std::vector<piece> pieces;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    closed_ = true;
    closed = std::exchange(on_closed_, nullptr);
    switched_closed = std::exchange(on_switched_closed_, nullptr);
    input = std::exchange(switched_input_, nullptr);
    drained = std::exchange(on_drained_, nullptr);
    pieces.swap(pieces_);
    front_ = 0;
    front_offset_ = 0;
    pending_.store(0, std::memory_order_relaxed);
  }
  if (closed) closed();
  if (switched_closed) switched_closed();
}

} // namespace actord::net
