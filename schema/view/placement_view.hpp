#pragma once

#include "schema/view/selector_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What a pod says about where it wants to run.

namespace actord::schema {

/// Requirements on a node's labels and on its fields (metadata.name). A term without any matches nothing.
struct node_selector_term {
  std::vector<selector_requirement> labels;
  std::vector<selector_requirement> fields;

  bool operator==(const node_selector_term&) const = default;
};

struct preferred_node_term {
  std::int64_t weight = 0;
  node_selector_term term;

  bool operator==(const preferred_node_term&) const = default;
};

struct node_affinity_view {
  /// Terms of requiredDuringSchedulingIgnoredDuringExecution, any of which must match; unset: no demand.
  std::optional<std::vector<node_selector_term>> required;
  std::vector<preferred_node_term> preferred;

  bool operator==(const node_affinity_view&) const = default;
};

struct pod_affinity_term {
  selector_view selector;
  std::vector<std::string> spaces; ///< namespaces
  selector_view space_selector;    ///< by labels of namespaces; absent: none
  std::string topology_key;

  bool operator==(const pod_affinity_term&) const = default;
};

struct preferred_pod_affinity_term {
  std::int64_t weight = 0;
  pod_affinity_term term;

  bool operator==(const preferred_pod_affinity_term&) const = default;
};

struct pod_affinity_view {
  std::vector<pod_affinity_term> required;
  std::vector<preferred_pod_affinity_term> preferred;

  bool operator==(const pod_affinity_view&) const = default;
};

enum class taint_effect : std::uint8_t { no_schedule, prefer_no_schedule, no_execute };

struct taint_view {
  std::string key;
  std::string value;
  taint_effect effect = taint_effect::no_schedule;

  bool operator==(const taint_view&) const = default;
};

struct toleration_view {
  std::string key; ///< empty with `exists`: every taint
  std::string value;
  bool exists = false;                ///< operator Exists; otherwise Equal
  std::optional<taint_effect> effect; ///< unset: every effect
  std::optional<std::int64_t> seconds;

  bool operator==(const toleration_view&) const = default;
  [[nodiscard]] bool tolerates(const taint_view& taint) const;
};

struct topology_spread_view {
  std::int64_t max_skew = 1;
  std::string topology_key;
  bool required = true; ///< whenUnsatisfiable DoNotSchedule
  selector_view selector;
  std::vector<std::string> match_label_keys;
  std::optional<std::int64_t> min_domains;
  bool honor_affinity = true; ///< nodeAffinityPolicy
  bool honor_taints = false;  ///< nodeTaintsPolicy

  bool operator==(const topology_spread_view&) const = default;
};

bool matches(const node_selector_term& term, const text_map& node_labels, std::string_view node_name);

/// Unset for an effect of no known name.
std::optional<taint_effect> taint_effect_of(std::string_view text);
std::string_view to_text(taint_effect effect);

std::optional<taint_view> parse_taint(const read::value& in);
toleration_view parse_toleration(read::value in);
node_affinity_view parse_node_affinity(const read::value& in);
pod_affinity_view parse_pod_affinity(const read::value& in);
topology_spread_view parse_topology_spread(read::value in);

} // namespace actord::schema
