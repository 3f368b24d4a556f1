#include "schema/view/budget_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

budget_view parse_budget(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  const read::value status = object["status"];
  budget_view view;
  view.meta = parse_meta(object);
  view.selector = parse_label_selector(spec["selector"]);
  view.min_available = parse_count_or_percent(spec["minAvailable"]);
  view.max_unavailable = parse_count_or_percent(spec["maxUnavailable"]);
  view.status.observed_generation = status["observedGeneration"].number();
  view.status.disruptions_allowed = status["disruptionsAllowed"].number();
  view.status.current_healthy = status["currentHealthy"].number();
  view.status.desired_healthy = status["desiredHealthy"].number();
  view.status.expected_pods = status["expectedPods"].number();
  status["disruptedPods"].each_member([&](std::string_view name, read::value when) {
    if (const auto time = when.time()) view.status.disrupted.emplace(name, *time);
  });
  view.status.conditions = status["conditions"].list(parse_condition);
  return view;
}

std::int64_t parse_replicas(std::string_view canonical_text) {
  return read::document(canonical_text)["spec"]["replicas"].number(1);
}

} // namespace actord::schema
