#pragma once

#include "actors/api/api_request.hpp"
#include "actors/flow/flow_gate.hpp"
#include "actors/flow/request_cost.hpp"

#include <functional>

namespace actord::actors {

class api_metrics;
class watch_endpoint;

/// Lets authorized requests in, one by one, as the flow gate says: estimates what each costs, gives it an
/// exchange that knows when its seats are free again, and the thread it may run on.
class request_admission {
public:
  struct collaborators {
    std::shared_ptr<flow_gate> gate;
    storage::store& store;
    const watch_endpoint& watches;
    std::shared_ptr<api_metrics> metrics;
    const clock_source& clock;
  };

  explicit request_admission(collaborators with);

  /// Calls `run` now or later, or answers the request with 429. request->verb must be set; a request without
  /// a route.type is not about a resource. `run` must not need this thread.
  void admit(const request_handle& request, std::function<void()> run);

private:
  [[nodiscard]] request_cost cost(const api_request& request);
  void turn_away(const request_handle& request);
  void take_seat(const request_handle& request, flow_gate::flow_seat seat, steady_time began);

  std::shared_ptr<flow_gate> gate_;
  object_counts counts_;
  const watch_endpoint& watches_;
  std::shared_ptr<api_metrics> metrics_;
  const clock_source& clock_;
};

} // namespace actord::actors
