#pragma once

#include "schema/view/replica_set_view.hpp"

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

struct deployment_status_view {
  std::int64_t observed_generation = 0;
  std::int64_t replicas = 0;
  std::int64_t updated = 0;
  std::int64_t ready = 0;
  std::int64_t available = 0;
  std::int64_t unavailable = 0;
  std::int64_t terminating = 0;
  std::optional<std::int64_t> collision_count;
  std::vector<condition_view> conditions;

  bool operator==(const deployment_status_view&) const = default;
};

struct deployment_view {
  /// progressDeadlineSeconds of this value means no deadline.
  static constexpr std::int64_t no_deadline = std::numeric_limits<std::int32_t>::max();

  meta_view meta;
  std::int64_t replicas = 1;
  std::int64_t min_ready_s = 0;
  std::int64_t revision_history_limit = 10;
  std::int64_t progress_deadline_s = 600;
  bool paused = false;
  bool recreate = false; ///< strategy Recreate, else RollingUpdate
  count_or_percent max_surge{25, true};
  count_or_percent max_unavailable{25, true};
  selector_view selector;
  std::string selector_text; ///< spec.selector as canonical JSON
  pod_template_view pod_template;
  deployment_status_view status;
};

/// Never fails: fields that are missing or of another type read as absent.
deployment_view parse_deployment(std::string_view canonical_text);

} // namespace actord::schema
