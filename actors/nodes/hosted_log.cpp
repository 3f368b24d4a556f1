#include "actors/nodes/hosted_log.hpp"

#include "actors/nodes/node_messages.hpp"

namespace actord::actors {

void hosted_log::begin(node_services& node, const net::node_request& request) {
  const auto* log = std::get_if<net::node_request::log>(&request.what);
  if (log == nullptr) return;
  node.read_log(log_of(request, *log),
                {.more = [self = shared_from_this()](std::string_view piece) { return self->more(piece); },
                 .done = [self = shared_from_this()](const result<void>& outcome) { self->done(outcome); }});
}

bool hosted_log::more(std::string_view piece) {
  std::unique_lock lock(mutex_);
  do {
    changed_.wait(lock, [this] { return room_ || closed_; });
    if (closed_) return false;
    const std::string_view body = piece.substr(0, net::frame_body_max_bytes);
    room_ = stream_->write(net::encode_frame(net::frame_kind::output, body));
    piece.remove_prefix(body.size());
  } while (!piece.empty());
  return true;
}

void hosted_log::done(const result<void>& outcome) {
  net::node_end end;
  if (!outcome) end.failure = outcome.error();
  stream_->write(net::encode_frame(net::frame_kind::ended, net::encode_node_end(end)));
  stream_->end();
}

void hosted_log::on_piece() {
  stream_->fail(broken_rules("the server"));
  close();
}

void hosted_log::drained() {
  const std::scoped_lock hold(mutex_);
  room_ = true;
  changed_.notify_all();
}

void hosted_log::close() {
  const std::scoped_lock hold(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void hosted_log::on_closed() {
  close();
  over_();
}

void hosted_log::abandon() {
  stream_->fail({.kind = error_kind::unavailable, .message = "the node stops"});
  close();
}

} // namespace actord::actors
