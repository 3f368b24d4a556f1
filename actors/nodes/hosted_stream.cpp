#include "actors/nodes/hosted_stream.hpp"

#include "actors/nodes/node_messages.hpp"

#include <algorithm>
#include <utility>

namespace actord::actors {

using net::frame_kind;

void hosted_stream::begin(node_services& node, const net::node_request& request) {
  if (const auto* execute = std::get_if<net::node_request::execute>(&request.what))
    stream_ = node.streams().execute(target_of(request), execute->command, terms_of(execute->with), events());
  if (const auto* attach = std::get_if<net::node_request::attach>(&request.what))
    stream_ = node.streams().attach(target_of(request), terms_of(attach->with), events());
  if (const auto* dial = std::get_if<net::node_request::dial>(&request.what))
    stream_ = node.streams().dial(request.pod_uid, dial->port, dial->at, events());
}

node_stream_events hosted_stream::events() {
  const auto on_loop = [loop = loop_, weak = weak_from_this()](auto job) {
    loop->post([weak, job = std::move(job)] {
      if (const auto self = weak.lock(); self && self->stream_) job(*self);
    });
  };
  return {.received =
              [on_loop](stream_part part, shared_bytes bytes) {
                on_loop([part, bytes = std::move(bytes)](hosted_stream& self) {
                  if (bytes->empty()) return;
                  self.output_ahead_[static_cast<std::size_t>(part)] += bytes->size();
                  self.writer_.put_bytes(
                      part == stream_part::output ? frame_kind::output : frame_kind::error_output, *bytes);
                });
              },
          .finished =
              [on_loop](stream_part part) {
                on_loop([part](hosted_stream& self) {
                  self.writer_.put(part == stream_part::output ? frame_kind::output_end
                                                               : frame_kind::error_output_end,
                                   {});
                });
              },
          .sent =
              [on_loop](std::size_t bytes) {
                on_loop([bytes](hosted_stream& self) {
                  const std::size_t counted = std::min(bytes, self.input_ahead_);
                  self.input_ahead_ -= counted;
                  if (counted > 0) self.writer_.put_number(frame_kind::sent, counted);
                });
              },
          .ended =
              [on_loop](const stream_end& end) {
                on_loop([end](hosted_stream& self) {
                  self.writer_.put(frame_kind::ended, net::encode_node_end(end_of(end)));
                  self.writer_.end();
                  self.stream_.reset();
                });
              }};
}

void hosted_stream::on_piece(std::string_view piece) {
  reader_.add(piece);
  while (stream_) {
    auto frame = reader_.next();
    if (frame && !*frame) break;
    if (frame && on_frame(**frame)) continue;
    writer_.fail(frame ? broken_rules("the server") : frame.error());
    stream_.reset();
  }
  // What is ahead of the process is bounded; beyond it there is nothing to hold the server back with.
  writer_.taken(piece.size());
}

bool hosted_stream::on_frame(net::node_frame& frame) {
  switch (frame.kind) {
  case frame_kind::input:
    input_ahead_ += frame.body.size();
    if (input_ahead_ > input_ahead_max) return false;
    stream_->send(share_bytes(std::move(frame.body)));
    return true;
  case frame_kind::input_end:
    stream_->finish();
    return true;
  case frame_kind::size:
    stream_->resize(frame.terminal());
    return true;
  case frame_kind::taken_output:
    return on_taken(stream_part::output, frame.number());
  case frame_kind::taken_error_output:
    return on_taken(stream_part::error_output, frame.number());
  default:
    return false;
  }
}

bool hosted_stream::on_taken(stream_part part, std::size_t bytes) {
  std::size_t& ahead = output_ahead_[static_cast<std::size_t>(part)];
  if (bytes > ahead) return false;
  ahead -= bytes;
  stream_->taken(part, bytes);
  return true;
}

void hosted_stream::on_closed() {
  stream_.reset();
  over_();
}

void hosted_stream::abandon() {
  writer_.fail({.kind = error_kind::unavailable, .message = "the node stops"});
  stream_.reset();
}

} // namespace actord::actors
