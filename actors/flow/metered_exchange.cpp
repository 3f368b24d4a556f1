#include "actors/flow/metered_exchange.hpp"

#include "actors/api/api_request.hpp"

#include <utility>

namespace actord::actors {
namespace {

constexpr std::size_t short_answer_bytes = 64 * 1024;

} // namespace

metered_exchange::metered_exchange(net::exchange_handle inner, flow_gate::flow_seat seat, terms how,
                                   std::shared_ptr<flow_gate> gate, std::function<void(int code)> answered)
    : inner_(std::move(inner)), how_(std::move(how)), seat_(std::move(seat)), gate_(std::move(gate)),
      answered_(std::move(answered)) {
  if (how_.is_watch) shared_seat_ = std::make_shared<flow_gate::flow_seat>(std::move(seat_));
}

void metered_exchange::respond(net::http_response response) {
  settle(response.code);
  mark(response);
  const std::size_t bytes = response.body ? response.body->size() : 0;
  if (bytes > short_answer_bytes) {
    // Whoever asks for much and takes it slowly keeps his seats meanwhile, and with them the memory in
    // bounds.
    inner_->on_closed([seat = std::make_shared<flow_gate::flow_seat>(std::move(seat_)),
                       held = gate_->lane().hold_bytes(bytes)]() mutable {
      seat.reset();
      held.reset();
    });
  }
  inner_->respond(std::move(response));
  seat_.leave();
  shared_seat_.reset();
}

void metered_exchange::begin(net::http_response head) {
  settle(head.code);
  mark(head);
  inner_->begin(std::move(head));
  seat_.leave();
}

void metered_exchange::mark(net::http_response& response) const {
  (shared_seat_ ? *shared_seat_ : seat_).mark(response);
  if (!how_.deprecation.empty()) response.headers.emplace_back("warning", warning_header(how_.deprecation));
}

void metered_exchange::on_drained(std::function<void()> callback) {
  if (!shared_seat_) return inner_->on_drained(std::move(callback));
  inner_->on_drained([seat = shared_seat_, callback = std::move(callback)] {
    seat->leave();
    if (callback) callback();
  });
}

net::upgraded_handle
metered_exchange::switch_protocols(std::vector<std::pair<std::string, std::string>> headers,
                                   net::upgraded_events events) {
  if (how_.while_it_lasts)
    events.closed = [lasting = how_.while_it_lasts, closed = std::move(events.closed)] {
      if (closed) closed();
    };
  net::upgraded_handle stream = inner_->switch_protocols(std::move(headers), std::move(events));
  if (stream == nullptr) return stream; // whoever asked answers otherwise
  settle(101);
  seat_.leave();
  return stream;
}

void metered_exchange::settle(int code) {
  if (auto answered = std::exchange(answered_, nullptr)) answered(code);
}

} // namespace actord::actors
