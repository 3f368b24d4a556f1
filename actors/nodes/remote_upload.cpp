#include "actors/nodes/remote_upload.hpp"

#include "actors/nodes/node_messages.hpp"

#include <fmt/format.h>
#include <utility>

namespace actord::actors {
namespace {

/// For a whole window; a disk that needs longer is not one to unpack images on.
constexpr std::chrono::seconds write_patience{30};

net::node_end failed(error why) { return {.exit_code = 0, .images = {}, .failure = std::move(why)}; }

} // namespace

remote_upload::remote_upload(const remote_node& node) {
  state_->node = node.name;
  state_->loop = node.loop;
  net::stream_events events;
  events.piece = [state = state_](const std::string& piece) {
    state->on_piece(piece);
    return net::intake::taken;
  };
  events.drained = [state = state_] {
    const std::scoped_lock hold(state->mutex);
    state->room = true;
    state->changed.notify_all();
  };
  events.closed = [state = state_](const std::optional<error>& why) {
    const std::scoped_lock hold(state->mutex);
    state->stream.reset();
    state->settle(failed(lost_node(state->node, why)));
  };
  net::node_request request;
  request.what = net::node_request::image{};
  // It may be closed before it is here: `end` says so then.
  auto stream = node.link.open_node_stream(node.name, net::node_stream_method,
                                           net::encode_node_request(request), std::move(events));
  const std::scoped_lock hold(state_->mutex);
  if (!state_->end) state_->stream = std::move(stream);
}

remote_upload::~remote_upload() {
  const std::scoped_lock hold(state_->mutex);
  if (!finished_ && state_->stream)
    state_->stream->fail({.kind = error_kind::gone, .message = "the upload was given up"});
}

result<void> remote_upload::write(std::string_view piece) {
  std::unique_lock lock(state_->mutex);
  while (!piece.empty()) {
    const bool goes_on = state_->changed.wait_for(lock, write_patience,
                                                  [this] { return state_->room || state_->end.has_value(); });
    if (!goes_on)
      state_->give_up({.kind = error_kind::timeout,
                       .message = fmt::format("node {} takes no more of the image", state_->node)});
    if (state_->end)
      return state_->end->failure.value_or(broken_rules("node " + state_->node)); // over before its end
    const std::string_view body = piece.substr(0, net::frame_body_max_bytes);
    state_->room = state_->stream->write(net::encode_frame(net::frame_kind::input, body));
    piece.remove_prefix(body.size());
  }
  return {};
}

void remote_upload::finish(std::function<void(result<std::vector<std::string>>)> done) {
  const std::scoped_lock hold(state_->mutex);
  finished_ = true;
  state_->done = std::move(done);
  if (state_->end) return state_->answer();
  state_->stream->write(net::encode_frame(net::frame_kind::input_end, {}));
  state_->stream->end();
}

void remote_upload::state::on_piece(std::string_view piece) {
  const std::scoped_lock hold(mutex);
  reader.add(piece);
  while (!end) {
    const auto frame = reader.next();
    if (frame && !*frame) return;
    if (!frame) return give_up(lost_node(node, frame.error()));
    if ((*frame)->kind != net::frame_kind::ended) return give_up(broken_rules("node " + node));
    const auto how = net::decode_node_end((*frame)->body);
    if (!how) return give_up(lost_node(node, how.error()));
    settle(*how);
  }
}

void remote_upload::state::give_up(error why) {
  if (stream) stream->fail(why);
  settle(failed(std::move(why)));
}

void remote_upload::state::settle(net::node_end how) {
  if (end) return;
  end = std::move(how);
  changed.notify_all();
  if (stream) stream->end();
  answer();
}

/// On the loop's thread: not under the lock, not on the network's.
void remote_upload::state::answer() {
  if (!done) return;
  loop->post([done = std::exchange(done, nullptr), how = *end] {
    if (how.failure) return done(*how.failure);
    done(how.images);
  });
}

} // namespace actord::actors
