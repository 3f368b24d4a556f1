#include "actors/api/forwarding/forwarded_exchange.hpp"

#include "net/peer/forwarding.hpp"
#include "storage/leader_errors.hpp"
#include "storage/store.hpp"

#include <utility>

namespace actord::actors {

forwarded_exchange::~forwarded_exchange() {
  if (send_) respond({500, {}, nullptr});
}

void forwarded_exchange::turn_away(const error& why) {
  const auto send = std::exchange(send_, nullptr);
  if (!send) return;
  if (storage::is_not_leading(why))
    return send(net::encode_forwarded({net::forwarded_answer::not_leading{}}));
  send(net::encode_forwarded({net::forwarded_answer::leader_lost{}}));
}

void forwarded_exchange::respond(net::http_response response) {
  const auto send = std::exchange(send_, nullptr);
  if (!send) return;
  if (quiet_ && response.code < 300) response = {response.code, {}, nullptr};
  send(net::encode_forwarded({net::forwarded_answer::answered{std::move(response), store_.status().last}}));
}

void forwarded_exchange::begin(net::http_response head) { streamed_ = std::move(head); }

void forwarded_exchange::write(shared_bytes bytes) {
  if (bytes != nullptr) body_ += *bytes;
}

void forwarded_exchange::end() {
  streamed_.body = share_bytes(std::move(body_));
  respond(std::move(streamed_));
}

} // namespace actord::actors
