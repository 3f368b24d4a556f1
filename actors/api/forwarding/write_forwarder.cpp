#include "actors/api/forwarding/write_forwarder.hpp"

#include "actors/api/api_request.hpp"
#include "actors/api/forwarding/leader_wait.hpp"
#include "actors/cluster/leader_link.hpp"
#include "storage/store.hpp"

#include <map>
#include <mutex>

namespace actord::actors {
namespace {

constexpr std::size_t max_journeys = 4096;
constexpr std::size_t max_journey_bytes = 128U << 20U;
/// A replica that is further behind answers all the same: what was written is written.
constexpr std::chrono::milliseconds apply_wait{3000};

error no_leader() {
  return {.kind = error_kind::unavailable,
          .message = "no server leads the cluster at the moment; nothing was done",
          .causes = {},
          .subject = {},
          .retry_after_s = 1};
}

error outcome_unknown() {
  return {.kind = error_kind::timeout,
          .message = "the server that led the cluster is gone and no other one leads yet: the request may or "
                     "may not have taken effect",
          .causes = {},
          .subject = {},
          .retry_after_s = 1};
}

error too_many() {
  return {.kind = error_kind::too_many_requests,
          .message = "too many requests wait for the server that leads the cluster",
          .causes = {},
          .subject = {},
          .retry_after_s = 1};
}

} // namespace

struct write_forwarder::journey {
  net::forwarded_request what;
  net::exchange_handle exchange;
  steady_time until;
  std::size_t bytes = 0;
  std::uint64_t key = 0; ///< among those under way
  // Under state::mutex.
  std::uint64_t number = 0;     ///< of the latest try; answers to earlier ones come too late
  storage::member_id asked = 0; ///< of that try; 0 while none is under way
};

struct write_forwarder::state {
  std::mutex mutex;
  std::uint64_t begun = 0;
  std::map<std::uint64_t, std::shared_ptr<journey>> under_way; ///< the oldest first
  std::size_t bytes = 0;
};

write_forwarder::write_forwarder(collaborators with)
    : with_(std::move(with)), state_(std::make_unique<state>()) {}
write_forwarder::~write_forwarder() = default;

void write_forwarder::forward(net::forwarded_request what, net::exchange_handle exchange, steady_time until) {
  if (with_.leads()) return with_.serve(std::move(what), exchange, until);
  const auto one = std::make_shared<journey>();
  one->bytes = what.http.body.size() + sizeof(journey);
  one->what = std::move(what);
  one->exchange = std::move(exchange);
  one->until = until;
  {
    const std::scoped_lock hold(state_->mutex);
    const bool full =
        state_->under_way.size() >= max_journeys || state_->bytes + one->bytes > max_journey_bytes;
    if (!full) {
      one->key = state_->begun++;
      state_->under_way.emplace_hint(state_->under_way.end(), one->key, one);
      state_->bytes += one->bytes;
    }
    if (full) one->bytes = 0;
  }
  if (one->bytes == 0) return answer_error(*one->exchange, too_many());
  attempt(one);
}

void write_forwarder::pass_on(net::forwarded_request what, net::exchange_handle exchange, steady_time until) {
  if (!with_.leads()) return forward(std::move(what), std::move(exchange), until);
  if (with_.clock.steady_now() >= until)
    return answer_error(*exchange, what.again ? outcome_unknown() : no_leader());
  // Until its leadership has ended here, it would come back at once, again and again.
  with_.waiting->park(
      [self = shared_from_this(), kept = std::make_shared<net::forwarded_request>(std::move(what)),
       exchange = std::move(exchange), until] { self->forward(std::move(*kept), exchange, until); });
}

void write_forwarder::attempt(const std::shared_ptr<journey>& one) {
  if (with_.leads()) {
    finish(one);
    return with_.serve(std::move(one->what), one->exchange, one->until);
  }
  const storage::store_status status = with_.store.status();
  // A leader that has not begun yet will soon.
  if (status.leader == 0 || status.leader == status.self) return wait_or_fail(one);
  std::string payload;
  std::uint64_t number = 0;
  {
    const std::scoped_lock hold(state_->mutex);
    payload = net::encode_forwarded(one->what);
    one->asked = status.leader;
    number = ++one->number;
  }
  with_.link.call(status.leader, net::forward_method, std::move(payload), with_.deadline(one->what.http),
                  [self = shared_from_this(), one, number](result<std::string> answer) {
                    self->settle(one, number, std::move(answer));
                  });
}

void write_forwarder::settle(const std::shared_ptr<journey>& one, std::uint64_t number,
                             result<std::string> answer) {
  auto read = answer ? net::decode_forwarded_answer(*answer) : result<net::forwarded_answer>(answer.error());
  const bool lost = read ? std::holds_alternative<net::forwarded_answer::leader_lost>(read->what)
                         : read.error().kind == error_kind::timeout;
  const bool elsewhere = read ? std::holds_alternative<net::forwarded_answer::not_leading>(read->what)
                              : read.error().kind == error_kind::unavailable;
  {
    const std::scoped_lock hold(state_->mutex);
    if (one->number != number || one->asked == 0) return;
    one->asked = 0;
    if (lost) one->what.again = true;
  }
  if (lost || elsewhere) return wait_or_fail(one);
  if (read) return arrive(one, std::move(std::get<net::forwarded_answer::answered>(read->what)));
  finish(one);
  answer_error(*one->exchange, read.error());
}

void write_forwarder::wait_or_fail(const std::shared_ptr<journey>& one) {
  if (with_.clock.steady_now() < one->until)
    return with_.waiting->park([self = shared_from_this(), one] { self->attempt(one); });
  finish(one);
  answer_error(*one->exchange, one->what.again ? outcome_unknown() : no_leader());
}

void write_forwarder::arrive(const std::shared_ptr<journey>& one, net::forwarded_answer::answered answer) {
  finish(one);
  if (answer.applied <= with_.store.status().last) return one->exchange->respond(std::move(answer.response));
  auto response = std::make_shared<net::http_response>(std::move(answer.response));
  with_.store.wait_for(answer.applied, apply_wait, [one, response](const result<void>&) {
    one->exchange->respond(std::move(*response));
  });
}

void write_forwarder::finish(const std::shared_ptr<journey>& one) {
  const std::scoped_lock hold(state_->mutex);
  if (state_->under_way.erase(one->key) > 0) state_->bytes -= one->bytes;
}

void write_forwarder::leader_changed() {
  const storage::member_id leader = with_.store.status().leader;
  std::vector<std::shared_ptr<journey>> stranded;
  if (leader != 0) {
    const std::scoped_lock hold(state_->mutex);
    for (const auto& [key, one] : state_->under_way) {
      if (one->asked == 0 || one->asked == leader) continue;
      one->asked = 0;
      one->what.again = true;
      stranded.push_back(one);
    }
  }
  for (const auto& one : stranded) attempt(one);
}

} // namespace actord::actors
