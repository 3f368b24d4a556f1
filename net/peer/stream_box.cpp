#include "net/peer/stream_box.hpp"

#include <utility>

namespace actord::net {

namespace {

class box_handle final : public peer_stream {
public:
  explicit box_handle(std::shared_ptr<stream_box> box) : box_(std::move(box)) {}
  ~box_handle() override { box_->drop(); }
  box_handle(const box_handle&) = delete;
  box_handle& operator=(const box_handle&) = delete;

  bool write(std::string_view bytes) override { return box_->write(bytes); }
  void end() override { box_->end(); }
  void fail(error why) override { box_->fail(std::move(why)); }
  void taken(std::size_t bytes) override { box_->taken(bytes); }

private:
  std::shared_ptr<stream_box> box_;
};

} // namespace

std::shared_ptr<peer_stream> stream_box::handle() { return std::make_shared<box_handle>(shared_from_this()); }

void stream_box::signal(std::unique_lock<std::mutex>& held) {
  const bool known = std::exchange(signalled_, true);
  held.unlock();
  if (known) return;
  mail_->post([self = shared_from_this()] {
    if (self->keeper_ != nullptr) self->keeper_->changed(*self);
  });
}

bool stream_box::write(std::string_view bytes) {
  std::unique_lock hold(mutex_);
  if (closed_ || ended_) return false;
  unacknowledged_ += bytes.size();
  if (unacknowledged_ > window_ + stream_overrun_bytes + bytes.size()) {
    since_.failure = error{.kind = error_kind::internal, .message = "the writer did not wait for the reader"};
    closed_ = true;
    signal(hold);
    return false;
  }
  while (!bytes.empty()) {
    since_.pieces.emplace_back(bytes.substr(0, stream_piece_bytes));
    bytes.remove_prefix(since_.pieces.back().size());
  }
  const bool on = unacknowledged_ < window_;
  if (!on) waits_ = true;
  signal(hold);
  return on;
}

void stream_box::end() {
  std::unique_lock hold(mutex_);
  if (closed_ || std::exchange(ended_, true)) return;
  since_.ended = true;
  signal(hold);
}

void stream_box::fail(error why) {
  std::unique_lock hold(mutex_);
  if (std::exchange(closed_, true)) return;
  since_.failure = std::move(why);
  signal(hold);
}

void stream_box::taken(std::size_t bytes) {
  std::unique_lock hold(mutex_);
  if (closed_) return;
  since_.taken += bytes;
  signal(hold);
}

void stream_box::drop() {
  {
    const std::scoped_lock hold(mutex_);
    if (ended_) return;
  }
  fail({.kind = error_kind::unavailable, .message = "the other end of the stream has gone away"});
}

void stream_box::attach(stream_keeper& keeper, std::uint64_t number) {
  keeper_ = &keeper;
  number_ = number;
}

stream_box::contents stream_box::collect() {
  const std::scoped_lock hold(mutex_);
  signalled_ = false;
  return std::exchange(since_, {});
}

bool stream_box::acknowledge(std::size_t bytes, std::size_t window) {
  const std::scoped_lock hold(mutex_);
  unacknowledged_ -= std::min(bytes, unacknowledged_);
  window_ = window;
  if (closed_ || unacknowledged_ >= window_ / 2) return false;
  return std::exchange(waits_, false);
}

void stream_box::close() {
  keeper_ = nullptr;
  const std::scoped_lock hold(mutex_);
  closed_ = true;
  since_ = {};
}

} // namespace actord::net
