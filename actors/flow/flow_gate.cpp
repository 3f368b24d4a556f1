#include "actors/flow/flow_gate.hpp"

#include "actors/flow/default_flow_objects.hpp"

#include <fmt/format.h>
#include <span>

namespace actord::actors {
namespace {

constexpr std::size_t heavy_threads = 2;
constexpr std::size_t answers_max_bytes = 256U << 20U;
/// As long as a quarter of the time a request has by default.
constexpr std::chrono::seconds wait_max{15};

/// Until the objects of the cluster are read.
std::shared_ptr<const flow_rules> first_rules() {
  return std::make_shared<const flow_rules>(std::span(suggested_flow_schemas()),
                                            std::span(suggested_priority_levels()), flow_gate::total_seats);
}

} // namespace

error too_many_requests() {
  return {.kind = error_kind::too_many_requests,
          .message = "too many requests, please try again later",
          .causes = {},
          .subject = error_subject{},
          .retry_after_s = 1};
}

// ---- seats

flow_gate::flow_seat& flow_gate::flow_seat::operator=(flow_seat&& other) noexcept {
  if (this == &other) return *this;
  leave();
  gate_ = std::exchange(other.gate_, nullptr);
  rules_ = std::exchange(other.rules_, nullptr);
  schema_ = other.schema_;
  level_ = other.level_;
  number_ = other.number_;
  seats_ = other.seats_;
  flow_ = other.flow_;
  return *this;
}

void flow_gate::flow_seat::mark(net::http_response& response) const {
  if (!rules_ || schema_->uid.empty()) return;
  response.headers.emplace_back("x-kubernetes-pf-flowschema-uid", schema_->uid);
  response.headers.emplace_back("x-kubernetes-pf-prioritylevel-uid", level_->uid);
}

void flow_gate::flow_seat::leave() {
  if (const auto gate = std::exchange(gate_, nullptr)) gate->leave(number_, seats_);
}

// ---- the gate

flow_gate::flow_gate(const clock_source& clock, const runner_maker& runners)
    : clock_(clock), lane_(heavy_threads, answers_max_bytes, runners) {
  use(first_rules());
}

void flow_gate::use(std::shared_ptr<const flow_rules> rules) {
  std::unique_lock lock(mutex_);
  auto next = std::make_shared<installed>();
  next->numbers = control_.configure(rules->levels());
  next->rules = std::move(rules);
  installed_ = std::move(next);
  start_waiting(std::move(lock));
}

flow_gate::flow_seat flow_gate::classified(const flow_question& question) const {
  flow_seat seat;
  {
    const std::lock_guard lock(mutex_);
    seat.rules_ = installed_;
  }
  const flow_match match = seat.rules_->rules->classify(question);
  seat.schema_ = match.schema;
  seat.level_ = match.level;
  seat.number_ = seat.rules_->numbers[match.level_index];
  seat.flow_ = match.flow;
  return seat;
}

flow_control::decision flow_gate::arrive(flow_seat& seat, const request_cost& cost) {
  seat.seats_ = control_.fitting(seat.number_, cost.seats);
  const std::int64_t now = clock_.steady_now().time_since_epoch().count();
  const auto decided = control_.arrive(seat.number_, seat.flow_, seat.seats_, now);
  if (decided.what == flow_control::verdict::run) seat.gate_ = shared_from_this();
  return decided;
}

void flow_gate::leave(std::size_t number, std::uint32_t seats) {
  std::unique_lock lock(mutex_);
  control_.finish(number, seats);
  if (control_.waiting() > 0) start_waiting(std::move(lock));
}

/// Runs them on the short lane: this may be the store's thread, or a connection's in the middle of another
/// request.
void flow_gate::start_waiting(std::unique_lock<std::mutex> lock) {
  std::vector<flow_ticket> tickets;
  control_.start(tickets);
  std::vector<parked_pair> started;
  for (const flow_ticket ticket : tickets) {
    const auto found = parked_.find(ticket);
    if (found == parked_.end()) continue; // stopping
    started.push_back(std::move(found->second));
    parked_.erase(found);
    started.back().first.gate_ = shared_from_this();
  }
  lock.unlock();
  for (parked_pair& each : started)
    lane_.run_short([parked = std::make_shared<parked_pair>(std::move(each))] {
      parked->second(std::move(parked->first), true);
    });
}

void flow_gate::expire() {
  std::unique_lock lock(mutex_);
  if (control_.waiting() == 0) return;
  std::vector<flow_ticket> tickets;
  control_.expire((clock_.steady_now() - wait_max).time_since_epoch().count(), tickets);
  std::vector<parked_pair> late;
  for (const flow_ticket ticket : tickets) {
    const auto found = parked_.find(ticket);
    if (found == parked_.end()) continue; // stopping
    late.push_back(std::move(found->second));
    parked_.erase(found);
  }
  start_waiting(std::move(lock));
  for (parked_pair& each : late) each.second(std::move(each.first), false);
}

void flow_gate::stop() {
  std::unordered_map<flow_ticket, parked_pair> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped.swap(parked_);
  }
  lane_.stop();
}

std::string flow_gate::metrics_text() const {
  std::vector<flow_control::level_counts> counts;
  {
    const std::lock_guard lock(mutex_);
    counts = control_.counts();
  }
  std::string out;
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
    for (const auto& level : counts)
      out += fmt::format("{}{{priority_level=\"{}\"}} {}\n", name, level.name, value(level));
  };
  using row = flow_control::level_counts;
  family("apiserver_flowcontrol_nominal_limit_seats", "gauge", "Seats a level has by its shares.",
         [](const row& level) { return level.nominal; });
  family("apiserver_flowcontrol_current_executing_seats", "gauge", "Seats in use.",
         [](const row& level) { return level.in_use; });
  family("apiserver_flowcontrol_current_executing_requests", "gauge", "Requests that have seats.",
         [](const row& level) { return level.running; });
  family("apiserver_flowcontrol_current_inqueue_requests", "gauge", "Requests that wait for seats.",
         [](const row& level) { return level.waiting; });
  family("apiserver_flowcontrol_dispatched_requests_total", "counter", "Requests that got their seats.",
         [](const row& level) { return level.dispatched; });
  family("apiserver_flowcontrol_rejected_requests_total", "counter",
         "Requests that were turned away: no seat and no place in a queue, or waited too long.",
         [](const row& level) { return level.refused + level.expired; });
  return out;
}

} // namespace actord::actors
