#include "actors/worker/streams/stream_pump.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

namespace actord::actors {
namespace {

using namespace std::chrono_literals;
using net::descriptor_stream;

constexpr auto hang_up_patience = 2s;
constexpr auto rest_patience = 500ms;
constexpr auto size_patience = 250ms;
constexpr std::size_t packet_max_bytes = 8192; ///< of conmon's input
/// The last packet may go beyond the credit, which nobody must see.
constexpr std::size_t packet_room_bytes = 2 * packet_max_bytes;
constexpr char packet_output = 2;
constexpr char packet_error_output = 3;

} // namespace

void stream_pump::run_command(std::unique_ptr<runtime::command_process> process) {
  process_ = std::move(process);
  if (left_) process_->kill();
  const auto watching = loop_->watch(process_->ended.get(), EPOLLIN,
                                     [self = shared_from_this()](std::uint32_t) { self->on_process_end(); });
  if (!watching) return fail(watching.error());
  if (left_) return;
  const auto make = [&](runtime::unique_fd& descriptor, descriptor_stream::direction way) {
    return std::make_shared<descriptor_stream>(loop_, std::move(descriptor),
                                               descriptor_stream::traits{.way = way});
  };
  if (process_->terminal) {
    const auto terminal = make(process_->terminal, descriptor_stream::direction::both);
    input_ = terminal;
    resize_ = [terminal](net::terminal_size size) {
      winsize wanted{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
      if (terminal->is_open()) ::ioctl(terminal->descriptor(), TIOCSWINSZ, &wanted);
    };
    open_outlet(stream_part::output, terminal);
  } else {
    if (process_->input) open_input(make(process_->input, descriptor_stream::direction::writes));
    if (process_->output)
      open_outlet(stream_part::output, make(process_->output, descriptor_stream::direction::reads));
    if (process_->error_output)
      open_outlet(stream_part::error_output,
                  make(process_->error_output, descriptor_stream::direction::reads));
  }
  started();
}

void stream_pump::run_attached(runtime::unique_fd socket, stream_terms terms,
                               std::function<void(net::terminal_size)> resize) {
  if (left_) return;
  attached_ = true;
  resize_ = std::move(resize);
  const auto stream =
      std::make_shared<descriptor_stream>(loop_, std::move(socket),
                                          descriptor_stream::traits{.way = descriptor_stream::direction::both,
                                                                    .connecting = false,
                                                                    .piece_max_bytes = packet_max_bytes,
                                                                    .shuts_down = true,
                                                                    .packets = true});
  output_.credit = stream_window_bytes - packet_room_bytes;
  if (terms.input) input_ = stream;
  error_output_.open = terms.error_output && !terms.terminal;
  open_outlet(stream_part::output, stream);
  started();
}

void stream_pump::run_connection(runtime::unique_fd socket) {
  if (left_) return;
  is_connection_ = true;
  const auto stream =
      std::make_shared<descriptor_stream>(loop_, std::move(socket),
                                          descriptor_stream::traits{.way = descriptor_stream::direction::both,
                                                                    .connecting = false,
                                                                    .piece_max_bytes = std::size_t{1} << 20,
                                                                    .shuts_down = true});
  input_ = stream;
  open_outlet(stream_part::output, stream);
  started();
}

void stream_pump::open_input(net::descriptor_stream_handle stream) {
  net::descriptor_events events;
  add_input_events(events);
  input_ = std::move(stream);
  input_->open(std::move(events));
}

void stream_pump::open_outlet(stream_part part, net::descriptor_stream_handle stream) {
  net::descriptor_events events = output_events(part);
  if (stream == input_) add_input_events(events);
  outlet& from = outlet_of(part);
  from.open = true;
  from.stream = std::move(stream);
  from.stream->open(std::move(events));
  from.stream->grant(from.credit);
}

net::descriptor_events stream_pump::output_events(stream_part part) {
  net::descriptor_events events;
  events.received = [weak = weak_from_this(), part](std::string_view bytes) {
    if (const auto self = weak.lock())
      self->attached_ ? self->receive_packet(bytes) : self->receive(part, bytes);
  };
  events.ended = [weak = weak_from_this(), part] {
    if (const auto self = weak.lock()) self->outlet_ended(part);
  };
  return events;
}

void stream_pump::add_input_events(net::descriptor_events& events) {
  events.sent = [weak = weak_from_this()](std::size_t count) {
    const auto self = weak.lock();
    if (!self || count == 0) return;
    self->input_queued_ -= std::min(self->input_queued_, count);
    if (self->events_.sent) self->events_.sent(count);
  };
  events.broken = [weak = weak_from_this()](int error_number) {
    if (const auto self = weak.lock()) self->input_lost(error_number);
  };
}

/// What is queued is reported as sent: nobody will read it, and who sends must not wait for that.
void stream_pump::input_lost(int) {
  input_gone_ = true;
  const std::size_t lost = std::exchange(input_queued_, 0);
  if (lost > 0 && events_.sent) events_.sent(lost);
}

void stream_pump::started() {
  running_ = true;
  if (!input_) input_gone_ = true;
  for (shared_bytes& bytes : std::exchange(early_input_, {})) {
    input_queued_ -= std::min(input_queued_, bytes->size());
    send(std::move(bytes));
  }
  if (early_size_) resize(*early_size_);
  if (early_finish_) finish();
}

void stream_pump::send(shared_bytes bytes) {
  if (ended_ || bytes->empty()) return;
  if (!running_) {
    input_queued_ += bytes->size();
    early_input_.push_back(std::move(bytes));
    return;
  }
  if (input_gone_) {
    if (events_.sent) events_.sent(bytes->size());
    return;
  }
  input_queued_ += bytes->size();
  input_->send(std::move(bytes));
}

void stream_pump::finish() {
  early_finish_ = true;
  if (running_ && input_ && !(process_ && output_.stream == input_)) input_->finish();
}

void stream_pump::note_size(net::terminal_size size) {
  const std::lock_guard lock(size_mutex_);
  named_size_ = size;
  size_known_.notify_all();
}

std::optional<net::terminal_size> stream_pump::await_size() {
  std::unique_lock lock(size_mutex_);
  size_known_.wait_for(lock, size_patience, [this] { return named_size_.has_value(); });
  return named_size_;
}

void stream_pump::resize(net::terminal_size size) {
  early_size_ = size;
  if (running_ && resize_) resize_(size);
}

void stream_pump::taken(stream_part part, std::size_t bytes) {
  outlet& from = attached_ ? output_ : outlet_of(part);
  from.credit += bytes;
  if (from.stream) from.stream->grant(bytes);
}

void stream_pump::receive(stream_part part, std::string_view bytes) {
  outlet& from = outlet_of(part);
  from.moved = true;
  from.credit -= std::min(from.credit, bytes.size());
  if (events_.received) events_.received(part, share_bytes(std::string(bytes)));
}

void stream_pump::receive_packet(std::string_view packet) {
  if (packet.empty()) return;
  const char kind = packet.front();
  const std::string_view bytes = packet.substr(1);
  output_.credit -= std::min(output_.credit, packet.size());
  // The byte in front is nobody's to give back.
  taken(stream_part::output, packet.size() - bytes.size());
  if (kind == packet_output) {
    if (events_.received) events_.received(stream_part::output, share_bytes(std::string(bytes)));
  } else if (kind == packet_error_output && error_output_.open) {
    if (events_.received) events_.received(stream_part::error_output, share_bytes(std::string(bytes)));
  } else {
    taken(stream_part::output, bytes.size());
  }
}

void stream_pump::outlet_ended(stream_part part) {
  outlet& from = outlet_of(part);
  if (!std::exchange(from.open, false)) return;
  if (events_.finished) events_.finished(part);
  if (attached_ && std::exchange(error_output_.open, false) && events_.finished)
    events_.finished(stream_part::error_output);
  settle();
}

void stream_pump::on_process_end() {
  const auto self = shared_from_this();
  auto end = process_->collect();
  if (!end) return;
  loop_->forget(process_->ended.get());
  process_end_ = stream_end{.exit_code = end->exit_code, .failure = std::move(end->failure)};
  if (left_) return close_streams();
  settle();
  if (!ended_) look_for_rest();
}

void stream_pump::look_for_rest() {
  output_.moved = error_output_.moved = false;
  loop_->after(rest_patience, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->ended_ || self->left_) return;
    const auto waits = [](const outlet& from) { return from.open && !from.moved && from.credit > 0; };
    const auto keeps = [&](const outlet& from) { return from.open && !waits(from); };
    if (keeps(self->output_) || keeps(self->error_output_)) return self->look_for_rest();
    self->outlet_ended(stream_part::output);
    self->outlet_ended(stream_part::error_output);
    self->settle();
  });
  // Nothing else may hold it: the process is collected, and whoever asked holds a handle until `ended`.
}

void stream_pump::settle() {
  if (ended_ || output_.open || error_output_.open) return;
  if (process_ && !process_end_) return;
  report(process_end_ ? *process_end_ : stream_end{});
}

void stream_pump::fail(error why) { report({.exit_code = 0, .failure = std::move(why)}); }

void stream_pump::report(stream_end end) {
  if (std::exchange(ended_, true)) return;
  close_streams();
  const node_stream_events events = std::exchange(events_, {});
  if (events.ended && !left_) events.ended(std::move(end));
}

void stream_pump::close_streams() {
  for (const auto& stream : {input_, output_.stream, error_output_.stream})
    if (stream && stream->is_open()) stream->close();
  input_.reset();
  output_.stream.reset();
  error_output_.stream.reset();
  resize_ = nullptr;
}

void stream_pump::leave() {
  if (std::exchange(left_, true) || ended_) return;
  events_ = {};
  close_streams();
  if (!process_ || process_end_) return;
  process_->hang_up();
  loop_->after(hang_up_patience, [self = shared_from_this()] {
    if (!self->process_end_) self->process_->kill();
  });
}

} // namespace actord::actors
