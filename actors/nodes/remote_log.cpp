#include "actors/nodes/remote_log.hpp"

#include "actors/nodes/node_messages.hpp"

#include <utility>

namespace actord::actors {
namespace {

constexpr int logs_max = 256; ///< each may hold a thread

error too_many_logs() {
  return {.kind = error_kind::too_many_requests,
          .message = "too many logs of other nodes are being read through this server",
          .causes = {},
          .subject = {},
          .retry_after_s = 1};
}

} // namespace

void remote_log::read(const remote_node& node, log_request request, stream_receiver receiver) {
  if (node.logs->fetch_add(1) >= logs_max) {
    node.logs->fetch_sub(1);
    return receiver.done(too_many_logs());
  }
  const auto log = std::make_shared<remote_log>(node, std::move(receiver));
  node.loop->post([log, payload = net::encode_node_request(request_for_log(std::move(request)))]() mutable {
    log->begin(std::move(payload));
  });
}

remote_log::remote_log(const remote_node& node, stream_receiver receiver)
    : node_(node.name), link_(node.link), loop_(node.loop), readers_(node.readers),
      place_(nullptr, [logs = node.logs](void*) { logs->fetch_sub(1); }), receiver_(std::move(receiver)) {}

void remote_log::begin(std::string payload) {
  net::stream_events events;
  events.piece = [loop = loop_, self = shared_from_this()](std::string bytes) {
    loop->post([self, bytes = std::move(bytes)] { self->on_piece(bytes); });
    return net::intake::later;
  };
  events.closed = [loop = loop_, self = shared_from_this()](const std::optional<error>& why) {
    loop->post([self, why] { self->on_closed(why); });
  };
  stream_ = link_.open_node_stream(node_, net::node_stream_method, std::move(payload), std::move(events));
}

void remote_log::on_piece(std::string_view bytes) {
  if (over_) return;
  reader_.add(bytes);
  while (!over_) {
    auto frame = reader_.next();
    if (frame && !*frame) return;
    if (frame && on_frame(std::move(**frame))) continue;
    const error why = frame ? broken_rules("node " + node_) : lost_node(node_, frame.error());
    stream_->fail(why);
    finish(why);
  }
}

bool remote_log::on_frame(net::node_frame frame) {
  const std::size_t stream_bytes = frame.stream_bytes();
  if (frame.kind == net::frame_kind::output) {
    give({std::move(frame.body), stream_bytes});
    return true;
  }
  if (frame.kind != net::frame_kind::ended) return false;
  const auto end = net::decode_node_end(frame.body);
  if (!end) return false;
  stream_->taken(stream_bytes);
  stream_->end();
  finish(end->failure ? result<void>(*end->failure) : result<void>());
  return true;
}

void remote_log::on_closed(const std::optional<error>& why) {
  finish(lost_node(node_, why));
  stream_.reset();
}

void remote_log::finish(result<void> outcome) {
  over_ = true;
  const std::scoped_lock hold(mutex_);
  if (outcome_) return;
  outcome_ = std::move(outcome);
  wake();
}

void remote_log::give(piece what) {
  const std::scoped_lock hold(mutex_);
  pieces_.push_back(std::move(what));
  wake();
}

void remote_log::wake() {
  if (done_ || std::exchange(delivering_, true)) return;
  readers_.run([self = shared_from_this()] { self->deliver(); });
}

void remote_log::deliver() {
  std::unique_lock lock(mutex_);
  while (!done_ && (!pieces_.empty() || outcome_)) {
    if (pieces_.empty()) {
      done_ = true;
      const result<void> outcome = *outcome_;
      lock.unlock();
      receiver_.done(outcome);
      lock.lock();
      break;
    }
    const piece next = std::move(pieces_.front());
    pieces_.pop_front();
    lock.unlock();
    const bool more = receiver_.more(next.bytes);
    loop_->post([self = shared_from_this(), count = next.stream_bytes, more] {
      if (!self->stream_) return;
      self->stream_->taken(count);
      if (!more) self->receiver_left();
    });
    lock.lock();
    if (!more) {
      // As a reader on this machine: it stops, and that is no failure.
      pieces_.clear();
      outcome_ = result<void>();
    }
  }
  delivering_ = false;
}

void remote_log::receiver_left() {
  over_ = true;
  stream_->fail({.kind = error_kind::gone, .message = "whoever asked for the log has left"});
}

} // namespace actord::actors
