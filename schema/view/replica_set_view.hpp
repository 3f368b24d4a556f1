#pragma once

#include "schema/view/selector_view.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// spec.template of a workload. `text` is its canonical JSON: two templates of the same text are the same.
struct pod_template_view {
  text_map labels;
  text_map annotations;
  std::vector<std::string> finalizers;
  std::string text;

  bool operator==(const pod_template_view&) const = default;
};

struct replica_set_status_view {
  std::int64_t replicas = 0;
  std::int64_t fully_labeled = 0;
  std::int64_t ready = 0;
  std::int64_t available = 0;
  std::int64_t terminating = 0;
  std::int64_t observed_generation = 0;
  std::vector<condition_view> conditions;

  bool operator==(const replica_set_status_view&) const = default;
};

struct replica_set_view {
  /// Set by who parses: what pods name as their owner.
  std::string_view api_version = "apps/v1";
  std::string_view kind = "ReplicaSet";
  meta_view meta;
  std::int64_t replicas = 1;
  std::int64_t min_ready_s = 0;
  selector_view selector;
  pod_template_view pod_template;
  replica_set_status_view status;
};

pod_template_view parse_pod_template(const read::value& in);

/// Never fails: fields that are missing or of another type read as absent.
replica_set_view parse_replica_set(std::string_view canonical_text);
/// The older kind of the same idea, whose selector is a plain map of labels.
replica_set_view parse_replication_controller(std::string_view canonical_text);

} // namespace actord::schema
