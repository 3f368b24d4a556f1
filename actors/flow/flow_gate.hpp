#pragma once

#include "actors/flow/flow_control.hpp"
#include "actors/flow/flow_rules.hpp"
#include "actors/flow/heavy_lane.hpp"
#include "actors/flow/request_cost.hpp"
#include "net/http/http_server.hpp"
#include "schema/base/clock.hpp"
#include "schema/base/error.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace actord::actors {

/// Stands between the connections' threads and everything that costs: asks flow_control under a lock and
/// carries its verdicts out. Any thread.
///
///   enter ──run──▶ the caller goes on; its seats are free again when its flow_seat is gone
///     ├──wait──▶ `parked` is kept, and called later on a thread of the short lane
///     └──refuse──▶ 429, at once
class flow_gate : public std::enable_shared_from_this<flow_gate> {
  struct installed;

public:
  /// `runners`: what the lane's jobs run on.
  explicit flow_gate(const clock_source& clock, const runner_maker& runners = run_on_threads);
  flow_gate(const flow_gate&) = delete;
  flow_gate& operator=(const flow_gate&) = delete;

  /// Seats in use for one request; whom it was classified as.
  class flow_seat {
  public:
    flow_seat() = default;
    ~flow_seat() { leave(); }
    flow_seat(flow_seat&& other) noexcept { *this = std::move(other); }
    flow_seat& operator=(flow_seat&& other) noexcept;
    flow_seat(const flow_seat&) = delete;
    flow_seat& operator=(const flow_seat&) = delete;

    /// The headers that say what the request was taken for.
    void mark(net::http_response& response) const;
    void leave();

  private:
    friend class flow_gate;
    std::shared_ptr<flow_gate> gate_; ///< null: no seat is held
    std::shared_ptr<const installed> rules_;
    const flow_schema* schema_ = nullptr;
    const level_settings* level_ = nullptr;
    std::size_t number_ = 0;
    std::uint32_t seats_ = 0;
    std::uint64_t flow_ = 0;
  };
  /// Called once: with the seat when the request may run, with none when it waited too long.
  using parked_request = std::function<void(flow_seat seat, bool runs)>;

  /// `park` makes the parked_request; it is asked only for requests that wait.
  template <class Park>
  flow_control::verdict enter(const flow_question& question, const request_cost& cost, flow_seat& seat,
                              Park&& park) {
    seat = classified(question);
    const std::lock_guard lock(mutex_);
    const auto decided = arrive(seat, cost);
    if (decided.what == flow_control::verdict::wait)
      parked_.emplace(decided.ticket, std::pair(std::move(seat), parked_request(std::forward<Park>(park)())));
    return decided.what;
  }

  void use(std::shared_ptr<const flow_rules> rules);
  /// Turns away what has waited too long; to be called about once a second.
  void expire();
  [[nodiscard]] heavy_lane& lane() { return lane_; }
  /// Nothing runs on the lanes' threads afterwards.
  void stop();
  /// For /metrics.
  [[nodiscard]] std::string metrics_text() const;

  /// Seats of all levels together.
  static constexpr std::uint32_t total_seats = 600;

private:
  struct installed {
    std::shared_ptr<const flow_rules> rules;
    std::vector<std::size_t> numbers; ///< in flow_control, by level
  };
  using parked_pair = std::pair<flow_seat, parked_request>;

  [[nodiscard]] flow_seat classified(const flow_question& question) const;
  flow_control::decision arrive(flow_seat& seat, const request_cost& cost);
  void leave(std::size_t number, std::uint32_t seats);
  void start_waiting(std::unique_lock<std::mutex> lock);

  const clock_source& clock_;
  mutable std::mutex mutex_;
  flow_control control_;
  std::shared_ptr<const installed> installed_;
  std::unordered_map<flow_ticket, parked_pair> parked_;
  heavy_lane lane_;
};

/// What a request is told that finds no seat.
error too_many_requests();

} // namespace actord::actors
