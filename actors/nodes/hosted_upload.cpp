#include "actors/nodes/hosted_upload.hpp"

#include "actors/nodes/node_messages.hpp"

#include <utility>

namespace actord::actors {

void hosted_upload::begin(node_services& node) {
  auto begun = node.begin_image_load();
  if (!begun) end({.exit_code = 0, .images = {}, .failure = begun.error()});
  const std::scoped_lock hold(mutex_);
  if (begun) upload_ = std::move(*begun);
  over_soon_ = over_soon_ || !begun;
}

void hosted_upload::on_piece(std::string_view piece) {
  reader_.add(piece);
  for (;;) {
    auto frame = reader_.next();
    if (frame && !*frame) return;
    const bool fits =
        frame && ((*frame)->kind == net::frame_kind::input || (*frame)->kind == net::frame_kind::input_end);
    const std::scoped_lock hold(mutex_);
    if (!fits) {
      stream_->fail(frame ? broken_rules("the server") : frame.error());
      over_soon_ = true;
      return wake();
    }
    if (over_soon_) {
      stream_->taken((*frame)->stream_bytes());
      continue;
    }
    frames_.push_back(std::move(**frame));
    wake();
  }
}

void hosted_upload::wake() {
  if (std::exchange(carrying_, true)) return;
  writers_.run([self = shared_from_this()] { self->carry(); });
}

void hosted_upload::carry() {
  std::unique_lock lock(mutex_);
  const auto unlocked = [&](auto what) {
    lock.unlock();
    what();
    lock.lock();
  };
  while (!frames_.empty() && !over_soon_) {
    const net::node_frame frame = std::move(frames_.front());
    frames_.pop_front();
    if (frame.kind == net::frame_kind::input_end) {
      over_soon_ = true;
      unlocked([&, upload = std::shared_ptr<image_upload>(std::move(upload_))] {
        stream_->taken(frame.stream_bytes());
        upload->finish([self = shared_from_this(), upload](const result<std::vector<std::string>>& names) {
          self->end(names ? net::node_end{.exit_code = 0, .images = *names, .failure = {}}
                          : net::node_end{.exit_code = 0, .images = {}, .failure = names.error()});
        });
      });
      break;
    }
    result<void> written;
    unlocked([&] {
      written = upload_->write(frame.body);
      stream_->taken(frame.stream_bytes());
    });
    if (written) continue;
    over_soon_ = true;
    unlocked([&] { end({.exit_code = 0, .images = {}, .failure = written.error()}); });
  }
  for (const net::node_frame& frame : std::exchange(frames_, {})) stream_->taken(frame.stream_bytes());
  carrying_ = false;
  if (over_soon_) upload_.reset();
}

void hosted_upload::end(const net::node_end& how) {
  stream_->write(net::encode_frame(net::frame_kind::ended, net::encode_node_end(how)));
  stream_->end();
}

void hosted_upload::close() {
  const std::scoped_lock hold(mutex_);
  over_soon_ = true;
  // Whoever writes right now drops it afterwards.
  if (!carrying_) upload_.reset();
}

void hosted_upload::on_closed() {
  close();
  over_();
}

void hosted_upload::abandon() {
  stream_->fail({.kind = error_kind::unavailable, .message = "the node stops"});
  close();
}

} // namespace actord::actors
