#include "actors/api/proxy/incoming_body.hpp"

#include <string>
#include <utility>

namespace actord::actors {

std::unique_ptr<net::body_sink> incoming_body::sink() {
  auto made = std::make_unique<net::body_sink>();
  made->both_ways = true;
  made->more = [self = shared_from_this()](std::string_view piece) -> result<void> {
    self->put(piece);
    return {};
  };
  made->complete = [self = shared_from_this()] { self->end(true); };
  made->aborted = [self = shared_from_this()] { self->end(false); };
  return made;
}

void incoming_body::put(std::string_view piece) {
  const std::lock_guard lock(mutex_);
  if (let_go_) return;
  shared_bytes copy = share_bytes(std::string(piece));
  if (opened_)
    taker_.piece(std::move(copy));
  else
    kept_.push_back(std::move(copy));
}

void incoming_body::end(bool complete) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(ended_, true)) return;
  complete_ = complete;
  if (opened_ && !let_go_) tell_end();
}

void incoming_body::tell_end() {
  const taker told = std::exchange(taker_, {});
  complete_ ? told.complete() : told.aborted();
}

void incoming_body::open(taker by) {
  const std::lock_guard lock(mutex_);
  if (let_go_) return;
  taker_ = std::move(by);
  opened_ = true;
  for (shared_bytes& piece : kept_) taker_.piece(std::move(piece));
  kept_ = {};
  if (ended_) tell_end();
}

void incoming_body::taken(std::size_t bytes) {
  if (bytes == 0) return;
  if (const auto exchange = exchange_.lock()) exchange->body_taken(bytes);
}

void incoming_body::let_go() {
  const std::lock_guard lock(mutex_);
  let_go_ = true;
  kept_ = {};
  taker_ = {};
}

} // namespace actord::actors
