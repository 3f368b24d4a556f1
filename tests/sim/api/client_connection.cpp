#include "tests/sim/api/client_connection.hpp"

#include <utility>

namespace actord::sim {

client_connection::~client_connection() {
  if (over_) return;
  // As the server does with a request that nobody answers; what it does once its power failed, nobody sees.
  const bool answers = !begun_ && ways_.sane();
  ways_.schedule(delay(), [client = client_, answers] {
    if (client->left) return;
    if (answers) return client->answered({500, {}, share_bytes("nobody answered")});
    client->left = true;
    client->ended(false);
  });
}

time_us client_connection::delay() {
  return dice_.chance(950) ? dice_.between(30, 400) : dice_.between(400, 40'000);
}

void client_connection::respond(net::http_response response) {
  if (over_ || !ways_.sane()) return;
  over_ = true;
  ways_.speaks();
  ways_.schedule(delay(), [client = client_, response = std::move(response)]() mutable {
    if (!client->left) client->answered(std::move(response));
  });
}

void client_connection::begin(net::http_response) { begun_ = true; }

void client_connection::write(shared_bytes bytes) {
  if (over_ || bytes == nullptr || !ways_.sane()) return;
  ways_.speaks();
  out_ += *bytes;
  flush_later();
}

void client_connection::end() {
  if (over_ || !ways_.sane()) return;
  over_ = true;
  flush_later();
}

/// Most clients read at once, some are slow.
void client_connection::flush_later() {
  if (std::exchange(flushing_, true)) return;
  const time_us after = dice_.chance(980) ? delay() : dice_.between(100'000, 1'000'000);
  // A stream that has ended is kept by nobody else.
  ways_.schedule(after, [self = shared_from_this()] { self->flush(); });
}

void client_connection::flush() {
  flushing_ = false;
  const std::string bytes = std::exchange(out_, {});
  if (!client_->left && !bytes.empty()) client_->received(bytes);
  if (over_) return tell_end(true);
  if (drained_) ways_.post(drained_);
}

void client_connection::tell_end(bool in_order) {
  if (client_->left) return;
  client_->left = true;
  client_->ended(in_order);
}

void client_connection::on_closed(std::function<void()> callback) {
  if (broken_) return callback();
  closed_ = std::move(callback);
}

void client_connection::break_off() {
  broken_ = true;
  if (const auto closed = std::exchange(closed_, nullptr)) closed();
  drained_ = nullptr;
  // What was said in full is under way.
  if (std::exchange(over_, true) && out_.empty()) return;
  out_.clear();
  ways_.schedule(delay(), [client = client_] {
    if (client->left) return;
    client->left = true;
    client->ended(false);
  });
}

void client_connection::leave() {
  if (std::exchange(client_->left, true)) return;
  ways_.schedule(delay(), [self = weak_from_this()] {
    const auto open = self.lock();
    if (!open || std::exchange(open->over_, true)) return;
    open->broken_ = true;
    open->out_.clear();
    open->ways_.post([self] {
      const auto there = self.lock();
      const auto closed = there ? std::exchange(there->closed_, nullptr) : nullptr;
      if (closed) closed();
    });
  });
}

} // namespace actord::sim
