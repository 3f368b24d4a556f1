#include "actors/controllers/policy/disruption_reconciler.hpp"

#include "actors/controllers/conditions.hpp"
#include "schema/base/timestamp.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace actord::actors {
namespace {

/// An eviction that was granted and has not happened by then is forgotten.
constexpr auto disruption_timeout = std::chrono::minutes(2);

struct expectation {
  std::int64_t expected = 0;
  std::int64_t healthy = 0; ///< how many of them must be healthy
  std::string failure;
};

/// A share of `whole`, rounded up.
std::int64_t scaled(const schema::count_or_percent& part, std::int64_t whole) {
  return part.percent ? (part.number * whole + 99) / 100 : part.number;
}

expectation expect(const budget_state& state) {
  const schema::budget_view& budget = state.budget.view;
  expectation out;
  const bool plain = !budget.max_unavailable && budget.min_available && !budget.min_available->percent;
  if (plain) {
    out.expected = static_cast<std::int64_t>(state.pods.size());
    out.healthy = budget.min_available->number;
    return out;
  }
  if (!budget.max_unavailable && !budget.min_available) return out;
  std::map<std::string, std::int64_t> scales;
  for (const budget_pod& pod : state.pods) {
    if (pod.scale_unknown) {
      out.failure = fmt::format("found no controllers for pod \"{}\"", pod.name);
      return out;
    }
    if (!pod.scaled_by.empty()) scales[pod.scaled_by] = pod.scale;
  }
  for (const auto& [uid, scale] : scales) out.expected += scale;
  out.healthy = budget.max_unavailable
                    ? std::max<std::int64_t>(0, out.expected - scaled(*budget.max_unavailable, out.expected))
                    : scaled(*budget.min_available, out.expected);
  return out;
}

json disrupted_json(const std::map<std::string, wall_time>& now,
                    const std::map<std::string, wall_time>& before) {
  json out = json::object();
  for (const auto& [name, when] : before) out[name] = nullptr;
  for (const auto& [name, when] : now) out[name] = schema::format_time(when);
  return out;
}

/// Conditions as metav1 has them, with the generation they were observed at.
json conditions_json(const std::vector<schema::condition_view>& conditions) {
  json list = json::array();
  for (const schema::condition_view& condition : conditions)
    list.push_back(
        {{"type", condition.type},
         {"status", condition.status},
         {"reason", condition.reason},
         {"message", condition.message},
         {"observedGeneration", condition.observed_generation},
         {"lastTransitionTime", schema::format_time(condition.transitioned.value_or(wall_time{}))}});
  return list;
}

void tell(schema::budget_status_view& status, bool allowed, std::string reason, std::string message,
          wall_time now) {
  schema::condition_view told{.type = "DisruptionAllowed",
                              .status = allowed ? "True" : "False",
                              .reason = std::move(reason),
                              .message = std::move(message),
                              .transitioned = whole_seconds(now),
                              .updated = {},
                              .observed_generation = status.observed_generation};
  for (schema::condition_view& condition : status.conditions) {
    if (condition.type != told.type) continue;
    if (condition.status == told.status && condition.transitioned) told.transitioned = condition.transitioned;
    condition = std::move(told);
    return;
  }
  status.conditions.push_back(std::move(told));
}

} // namespace

plan reconcile(const budget_state& state, wall_time now) {
  const schema::budget_view& budget = state.budget.view;
  plan out;
  const expectation wanted = expect(state);
  schema::budget_status_view status = budget.status;
  status.disrupted.clear();
  std::optional<wall_time> look_again;
  std::int64_t healthy = 0;
  for (const budget_pod& pod : state.pods) {
    if (pod.being_deleted) continue;
    const auto granted = budget.status.disrupted.find(pod.name);
    if (granted != budget.status.disrupted.end() && granted->second + disruption_timeout > now) {
      status.disrupted.insert(*granted);
      const wall_time ends = granted->second + disruption_timeout;
      if (!look_again || ends < *look_again) look_again = ends;
      continue;
    }
    if (pod.ready) ++healthy;
  }
  out.requeue_at = look_again;
  if (!wanted.failure.empty()) {
    status = budget.status;
    status.disruptions_allowed = 0;
    tell(status, false, "SyncFailed", wanted.failure, now);
    out.verdict = wanted.failure;
  } else {
    status.observed_generation = budget.meta.generation;
    status.current_healthy = healthy;
    status.desired_healthy = wanted.healthy;
    status.expected_pods = wanted.expected;
    status.disruptions_allowed =
        wanted.expected <= 0 ? 0 : std::max<std::int64_t>(0, healthy - wanted.healthy);
    const bool allowed = status.disruptions_allowed > 0;
    tell(status, allowed, allowed ? "SufficientPods" : "InsufficientPods", "", now);
    out.verdict = fmt::format("{} healthy of {} wanted, {} may go", healthy, wanted.healthy,
                              status.disruptions_allowed);
  }
  if (status == budget.status) return out;
  out.patch.push_back({state.key,
                       "status",
                       budget.meta.uid,
                       state.budget.at,
                       {{"status",
                         {{"observedGeneration", status.observed_generation},
                          {"disruptionsAllowed", status.disruptions_allowed},
                          {"currentHealthy", status.current_healthy},
                          {"desiredHealthy", status.desired_healthy},
                          {"expectedPods", status.expected_pods},
                          {"disruptedPods", disrupted_json(status.disrupted, budget.status.disrupted)},
                          {"conditions", conditions_json(status.conditions)}}}},
                       out.verdict});
  return out;
}

} // namespace actord::actors
