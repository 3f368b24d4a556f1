#pragma once

#include "schema/view/replica_set_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// An entry of spec.volumeClaimTemplates.
struct claim_template_view {
  std::string name;
  std::string text; ///< all of it as canonical JSON
};

struct stateful_set_status_view {
  std::int64_t observed_generation = 0;
  std::int64_t replicas = 0;
  std::int64_t ready = 0;
  std::int64_t current = 0;
  std::int64_t updated = 0;
  std::int64_t available = 0;
  std::string current_revision;
  std::string update_revision;
  std::int64_t collision_count = 0;

  bool operator==(const stateful_set_status_view&) const = default;
};

struct stateful_set_view {
  meta_view meta;
  std::int64_t replicas = 1;
  std::int64_t first_ordinal = 0;
  std::int64_t min_ready_s = 0;
  std::int64_t revision_history_limit = 10;
  bool parallel = false;  ///< podManagementPolicy Parallel, else OrderedReady
  bool on_delete = false; ///< updateStrategy OnDelete, else RollingUpdate
  /// updateStrategy.rollingUpdate.partition; unset when rollingUpdate itself is.
  std::optional<std::int64_t> partition;
  std::optional<count_or_percent> max_unavailable;
  bool deletes_claims_with_set = false;  ///< persistentVolumeClaimRetentionPolicy.whenDeleted
  bool deletes_claims_with_pods = false; ///< .whenScaled
  std::string service_name;
  selector_view selector;
  text_map match_labels; ///< spec.selector.matchLabels
  std::vector<claim_template_view> claim_templates;
  pod_template_view pod_template;
  stateful_set_status_view status;

  /// One past the last ordinal.
  [[nodiscard]] std::int64_t end_ordinal() const { return first_ordinal + replicas; }
};

/// Never fails: fields that are missing or of another type read as absent.
stateful_set_view parse_stateful_set(std::string_view canonical_text);

} // namespace actord::schema
