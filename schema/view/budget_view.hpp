#pragma once

#include "schema/view/selector_view.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A PodDisruptionBudget as its controller sees it.

namespace actord::schema {

struct budget_status_view {
  std::int64_t observed_generation = 0;
  std::int64_t disruptions_allowed = 0;
  std::int64_t current_healthy = 0;
  std::int64_t desired_healthy = 0;
  std::int64_t expected_pods = 0;
  /// Pods whose eviction was granted and is not seen to happen yet, and when it was granted.
  std::map<std::string, wall_time> disrupted;
  std::vector<condition_view> conditions;

  bool operator==(const budget_status_view&) const = default;
};

struct budget_view {
  meta_view meta;
  selector_view selector;
  std::optional<count_or_percent> min_available;
  std::optional<count_or_percent> max_unavailable;
  budget_status_view status;
};

/// Never fails: fields that are missing or of another type read as absent.
budget_view parse_budget(std::string_view canonical_text);

/// spec.replicas of anything that has it; 1 where it is left out.
std::int64_t parse_replicas(std::string_view canonical_text);

} // namespace actord::schema
