#pragma once

#include "schema/view/placement_view.hpp"
#include "schema/view/replica_set_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

struct daemon_set_status_view {
  std::int64_t observed_generation = 0;
  std::int64_t desired = 0;
  std::int64_t current = 0;
  std::int64_t misscheduled = 0;
  std::int64_t ready = 0;
  std::int64_t updated = 0;
  std::int64_t available = 0;
  std::int64_t unavailable = 0;
  std::optional<std::int64_t> collision_count;

  bool operator==(const daemon_set_status_view&) const = default;
};

struct daemon_set_view {
  meta_view meta;
  std::int64_t min_ready_s = 0;
  std::int64_t revision_history_limit = 10;
  bool on_delete = false; ///< updateStrategy OnDelete, else RollingUpdate
  count_or_percent max_surge{0, false};
  count_or_percent max_unavailable{1, false};
  selector_view selector;
  pod_template_view pod_template;
  // What the template says about nodes.
  std::string node_name;
  text_map node_selector;
  node_affinity_view node_affinity;
  std::vector<toleration_view> tolerations;
  bool host_network = false;
  daemon_set_status_view status;

  /// Counts the changes of the template; empty in objects that never passed the API.
  [[nodiscard]] std::string_view template_generation() const;
};

/// Never fails: fields that are missing or of another type read as absent.
daemon_set_view parse_daemon_set(std::string_view canonical_text);

/// spec.taints of a node.
std::vector<taint_view> parse_node_taints(std::string_view canonical_text);
/// The node that a pod's required affinity names (metadata.name in matchFields), as daemon pods have it;
/// empty when it names none.
std::string parse_target_node(std::string_view canonical_text);

} // namespace actord::schema
