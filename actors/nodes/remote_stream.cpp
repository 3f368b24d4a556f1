#include "actors/nodes/remote_stream.hpp"

#include "actors/nodes/node_messages.hpp"

#include <utility>

namespace actord::actors {
namespace {

using net::frame_kind;

/// Everything it says is done on the loop's thread.
class remote_handle final : public node_stream {
public:
  remote_handle(std::shared_ptr<net::stream_loop> loop, std::shared_ptr<remote_stream> stream)
      : loop_(std::move(loop)), stream_(std::move(stream)) {}
  ~remote_handle() override {
    loop_->post([stream = stream_] { stream->leave(); });
  }
  remote_handle(const remote_handle&) = delete;
  remote_handle& operator=(const remote_handle&) = delete;

  void send(shared_bytes bytes) override {
    loop_->post([stream = stream_, bytes = std::move(bytes)] { stream->send(*bytes); });
  }
  void finish() override {
    loop_->post([stream = stream_] { stream->finish(); });
  }
  void resize(net::terminal_size size) override {
    loop_->post([stream = stream_, size] { stream->resize(size); });
  }
  void taken(stream_part part, std::size_t bytes) override {
    loop_->post([stream = stream_, part, bytes] { stream->taken(part, bytes); });
  }

private:
  const std::shared_ptr<net::stream_loop> loop_;
  const std::shared_ptr<remote_stream> stream_;
};

} // namespace

std::unique_ptr<node_stream> remote_stream::open(const remote_node& node, const net::node_request& request,
                                                 node_stream_events events) {
  const auto stream = std::make_shared<remote_stream>(node.name, std::move(events));
  // Not at once: whoever asks may hold a lock that its events take.
  node.loop->post(
      [stream, link = &node.link, loop = node.loop, payload = net::encode_node_request(request)]() mutable {
        stream->begin(*link, std::move(loop), std::move(payload));
      });
  return std::make_unique<remote_handle>(node.loop, stream);
}

void remote_stream::begin(node_link& link, std::shared_ptr<net::stream_loop> loop, std::string payload) {
  if (ended_) return;
  net::stream_events events;
  events.piece = [loop, self = shared_from_this()](std::string piece) {
    loop->post([self, piece = std::move(piece)] { self->on_piece(piece); });
    return net::intake::later;
  };
  events.drained = [loop, self = shared_from_this()] {
    loop->post([self] {
      if (self->writer_) self->writer_->drained();
    });
  };
  events.closed = [loop, self = shared_from_this()](const std::optional<error>& why) {
    loop->post([self, why] { self->on_closed(why); });
  };
  writer_ = std::make_unique<net::node_frame_writer>(
      link.open_node_stream(node_, net::node_stream_method, std::move(payload), std::move(events)));
}

void remote_stream::send(std::string_view bytes) {
  if (ended_ || !writer_ || bytes.empty()) return;
  input_ahead_ += bytes.size();
  writer_->put_bytes(frame_kind::input, bytes);
}

void remote_stream::finish() {
  if (!ended_ && writer_) writer_->put(frame_kind::input_end, {});
}

void remote_stream::resize(net::terminal_size size) {
  if (!ended_ && writer_) writer_->put(frame_kind::size, net::size_body(size));
}

void remote_stream::taken(stream_part part, std::size_t bytes) {
  if (ended_ || !writer_ || bytes == 0) return;
  std::size_t& ahead = output_ahead_[static_cast<std::size_t>(part)];
  ahead -= std::min(ahead, bytes);
  writer_->put_number(part == stream_part::output ? frame_kind::taken_output : frame_kind::taken_error_output,
                      bytes);
}

void remote_stream::leave() {
  if (std::exchange(ended_, true)) return;
  events_ = {};
  if (writer_) writer_->fail({.kind = error_kind::gone, .message = "whoever asked for the stream has left"});
}

void remote_stream::on_piece(std::string_view piece) {
  if (!writer_) return;
  reader_.add(piece);
  while (!ended_) {
    auto frame = reader_.next();
    if (frame && !*frame) break;
    if (frame && on_frame(**frame)) continue;
    const error why = frame ? broken_rules("node " + node_) : lost_node(node_, frame.error());
    writer_->fail(why);
    report({.exit_code = 0, .failure = why});
  }
  // What is in the windows above is all that is held of it.
  writer_->taken(piece.size());
}

bool remote_stream::on_frame(const net::node_frame& frame) {
  switch (frame.kind) {
  case frame_kind::output:
    return on_output(stream_part::output, frame);
  case frame_kind::error_output:
    return on_output(stream_part::error_output, frame);
  case frame_kind::output_end:
    if (events_.finished) events_.finished(stream_part::output);
    return true;
  case frame_kind::error_output_end:
    if (events_.finished) events_.finished(stream_part::error_output);
    return true;
  case frame_kind::sent:
    if (frame.number() > input_ahead_) return false;
    input_ahead_ -= frame.number();
    if (events_.sent) events_.sent(frame.number());
    return true;
  case frame_kind::ended: {
    const auto end = net::decode_node_end(frame.body);
    if (!end) return false;
    writer_->end();
    report(end_of(*end));
    return true;
  }
  default:
    return false;
  }
}

bool remote_stream::on_output(stream_part part, const net::node_frame& frame) {
  std::size_t& ahead = output_ahead_[static_cast<std::size_t>(part)];
  ahead += frame.body.size();
  if (ahead > stream_window_bytes) return false;
  if (events_.received && !frame.body.empty()) events_.received(part, share_bytes(frame.body));
  return true;
}

void remote_stream::on_closed(const std::optional<error>& why) {
  writer_.reset();
  report({.exit_code = 0, .failure = lost_node(node_, why)});
}

void remote_stream::report(stream_end end) {
  if (std::exchange(ended_, true)) return;
  const node_stream_events events = std::exchange(events_, {});
  if (events.ended) events.ended(std::move(end));
}

} // namespace actord::actors
