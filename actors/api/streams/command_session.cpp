#include "actors/api/streams/command_session.hpp"

#include <algorithm>
#include <utility>

namespace actord::actors {
namespace {

/// While a client has less than this to be sent, more may come from the node.
constexpr std::size_t pending_low_bytes = stream_window_bytes / 2;

} // namespace

void command_session::begin() {
  if (over_ || stream_) return;
  stream_ = request_.command.empty()
                ? node_.attach(request_.target, request_.terms, events())
                : node_.execute(request_.target, request_.command, request_.terms, events());
}

node_stream_events command_session::events() {
  return {.received =
              [self = shared_from_this()](stream_part part, const shared_bytes& bytes) {
                const std::lock_guard lock(self->mutex_);
                if (self->over_) return;
                self->put_output(part, bytes);
                self->untaken_[static_cast<std::size_t>(part)] += bytes->size();
                self->give_back();
              },
          .finished =
              [self = shared_from_this()](stream_part part) {
                const std::lock_guard lock(self->mutex_);
                if (!self->over_) self->put_finished(part);
              },
          .sent =
              [self = shared_from_this()](std::size_t bytes) {
                const std::lock_guard lock(self->mutex_);
                self->input_ahead_ -= std::min(self->input_ahead_, bytes);
                if (self->over_ || !self->paused_ || self->input_ahead_ > stream_window_bytes / 2) return;
                self->paused_ = false;
                self->resume();
              },
          .ended =
              [self = shared_from_this()](const stream_end& end) {
                const std::lock_guard lock(self->mutex_);
                if (std::exchange(self->over_, true)) return;
                self->put_end(end);
                self->stream_.reset();
              }};
}

void command_session::give_back() {
  if (!stream_ || pending_bytes() > pending_low_bytes) return;
  for (const stream_part part : {stream_part::output, stream_part::error_output})
    if (const std::size_t count = std::exchange(untaken_[static_cast<std::size_t>(part)], 0); count > 0)
      stream_->taken(part, count);
}

void command_session::drained() { give_back(); }

void command_session::take_input(std::string_view bytes) {
  if (over_ || !stream_ || bytes.empty()) return;
  input_ahead_ += bytes.size();
  stream_->send(share_bytes(std::string(bytes)));
  if (input_ahead_ <= stream_window_bytes || paused_) return;
  paused_ = true;
  pause();
}

void command_session::finish_input() {
  if (!over_ && stream_) stream_->finish();
}

void command_session::take_size(std::string_view text) {
  if (over_ || !stream_) return;
  if (const auto size = net::read_terminal_size(text)) stream_->resize(*size);
}

void command_session::client_gone() {
  over_ = true;
  stream_.reset();
}

} // namespace actord::actors
