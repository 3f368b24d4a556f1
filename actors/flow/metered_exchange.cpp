#include "actors/flow/metered_exchange.hpp"

#include "actors/api/api_request.hpp"

#include <mutex>
#include <utility>
#include <vector>

namespace actord::actors {
namespace {

constexpr std::size_t short_answer_bytes = 64 * 1024;

} // namespace

/// The seats and bytes of an answer on its way. The client may leave while the rest is being written.
class metered_exchange::holding {
public:
  explicit holding(flow_gate::flow_seat seat) : seat_(std::move(seat)) {}

  void add(heavy_lane::hold bytes) {
    const std::scoped_lock lock(mutex_);
    if (!over_) bytes_.push_back(std::move(bytes));
  }
  void let_go() {
    std::vector<heavy_lane::hold> bytes; // let go of outside the lock
    {
      const std::scoped_lock lock(mutex_);
      over_ = true;
      bytes.swap(bytes_);
    }
    seat_.leave();
  }

private:
  flow_gate::flow_seat seat_;
  std::mutex mutex_;
  std::vector<heavy_lane::hold> bytes_;
  bool over_ = false;
};

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
  if (how_.is_list) {
    holding_ = std::make_shared<holding>(std::move(seat_));
    inner_->on_closed([held = holding_] { held->let_go(); });
  }
  inner_->begin(std::move(head));
  seat_.leave();
}

void metered_exchange::write_all(std::span<shared_bytes> pieces) {
  if (holding_)
    for (const shared_bytes& bytes : pieces) holding_->add(gate_->lane().hold_bytes(bytes->size()));
  inner_->write_all(pieces);
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
