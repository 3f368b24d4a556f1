#include "net/streams/descriptor_stream.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace actord::net {
namespace {

constexpr int pieces_per_turn = 8; ///< then other streams of the loop get theirs
constexpr std::size_t read_buffer_bytes = std::size_t{32} * 1024;

} // namespace

descriptor_stream::descriptor_stream(std::shared_ptr<stream_loop> loop, unique_fd descriptor, traits what)
    : loop_(std::move(loop)), descriptor_(std::move(descriptor)), traits_(what), connecting_(what.connecting),
      may_read_(what.way != direction::writes), may_write_(what.way != direction::reads) {}

descriptor_stream::~descriptor_stream() {
  if (watched_ != unwatched && loop_->on_thread()) loop_->forget(descriptor_.get());
}

void descriptor_stream::open(descriptor_events events) {
  events_ = std::make_shared<descriptor_events>(std::move(events));
  ::fcntl(descriptor_.get(), F_SETFL, ::fcntl(descriptor_.get(), F_GETFL) | O_NONBLOCK);
  update();
}

void descriptor_stream::grant(std::size_t bytes) {
  credit_ += static_cast<std::ptrdiff_t>(bytes);
  update();
}

void descriptor_stream::send(shared_bytes bytes) {
  if (!may_write_ || finishing_ || bytes->empty()) return;
  const auto keep_events = events_;
  queue_.push_back(std::move(bytes));
  if (queue_.size() == 1 && !connecting_) write_some();
  update();
}

void descriptor_stream::finish() {
  const auto keep_events = events_;
  finishing_ = true;
  if (!connecting_) write_some();
  update();
}

void descriptor_stream::close() {
  if (watched_ != unwatched) loop_->forget(descriptor_.get());
  watched_ = unwatched;
  descriptor_.reset();
  may_read_ = may_write_ = false;
  queue_.clear();
  // A callback may be what closes, and what it holds may be the last to hold this.
  loop_->post([events = std::exchange(events_, std::make_shared<descriptor_events>())] {});
}

void descriptor_stream::update() {
  if (!descriptor_) return;
  std::uint32_t wanted = 0;
  if (may_read_ && credit_ > 0 && !connecting_) wanted |= EPOLLIN;
  if (may_write_ && (connecting_ || !queue_.empty())) wanted |= EPOLLOUT;
  // Idle ends that only write stay watched: the other side may close. Others would be told about that again
  // and again.
  const bool watch = wanted != 0 || (traits_.way == direction::writes && may_write_);
  if (!watch) {
    if (watched_ != unwatched) loop_->forget(descriptor_.get());
    watched_ = unwatched;
  } else if (watched_ == unwatched) {
    const auto watching =
        loop_->watch(descriptor_.get(), wanted, [weak = weak_from_this()](std::uint32_t seen) {
          if (const auto self = weak.lock()) self->on_ready(seen);
        });
    if (watching) watched_ = wanted;
  } else if (watched_ != wanted) {
    loop_->change(descriptor_.get(), wanted);
    watched_ = wanted;
  }
}

void descriptor_stream::on_ready(std::uint32_t happened) {
  const auto keep = shared_from_this();
  const auto keep_events = events_;
  if (connecting_ && (happened & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) {
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(descriptor_.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
    connecting_ = false;
    if (failure != 0) {
      break_writing(failure);
      return end_reading();
    }
    if (events_->sent) events_->sent(0);
  }
  if (may_write_ && (happened & (EPOLLOUT | EPOLLERR)) != 0) {
    if (queue_.empty() && !finishing_ && traits_.way == direction::writes && (happened & EPOLLERR) != 0)
      break_writing(EPIPE);
    else
      write_some();
  }
  if (may_read_ && (happened & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some();
  update();
}

void descriptor_stream::read_some() {
  std::array<char, read_buffer_bytes> buffer;
  for (int turn = 0; turn < pieces_per_turn && may_read_ && credit_ > 0; ++turn) {
    const std::size_t wanted =
        traits_.packets ? buffer.size() : std::min(buffer.size(), static_cast<std::size_t>(credit_));
    const ssize_t count = ::read(descriptor_.get(), buffer.data(), wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    // A terminal says EIO when its last user is gone.
    if (count <= 0) return end_reading();
    credit_ -= count;
    if (events_->received) events_->received({buffer.data(), static_cast<std::size_t>(count)});
  }
}

void descriptor_stream::write_some() {
  std::size_t moved = 0;
  int failure = 0;
  for (int turn = 0; turn < pieces_per_turn && may_write_ && !queue_.empty(); ++turn) {
    const std::string& front = *queue_.front();
    const std::size_t size = std::min(front.size() - front_offset_, traits_.piece_max_bytes);
    const ssize_t count = ::write(descriptor_.get(), front.data() + front_offset_, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK) failure = errno;
      break;
    }
    moved += static_cast<std::size_t>(count);
    front_offset_ += static_cast<std::size_t>(count);
    if (front_offset_ == front.size()) {
      queue_.pop_front();
      front_offset_ = 0;
    }
  }
  if (moved > 0 && events_->sent) events_->sent(moved);
  if (failure != 0) return break_writing(failure);
  if (!finishing_ || !queue_.empty() || !may_write_) return;
  may_write_ = false;
  if (traits_.shuts_down)
    ::shutdown(descriptor_.get(), SHUT_WR);
  else if (traits_.way == direction::writes)
    close();
}

void descriptor_stream::end_reading() {
  if (!std::exchange(may_read_, false)) return;
  update();
  if (events_->ended) events_->ended();
}

void descriptor_stream::break_writing(int error_number) {
  if (!std::exchange(may_write_, false)) return;
  queue_.clear();
  front_offset_ = 0;
  update();
  if (events_->broken) events_->broken(error_number);
}

} // namespace actord::net
