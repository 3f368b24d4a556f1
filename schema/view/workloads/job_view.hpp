#pragma once

#include "schema/view/replica_set_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

enum class failure_action : std::uint8_t { fail_job, fail_index, ignore, count };

struct exit_code_pattern {
  std::string container; ///< empty: any
  bool in = true;        ///< operator In, else NotIn
  std::vector<std::int64_t> codes;
};

struct pod_condition_pattern {
  std::string type;
  std::string status;
};

/// A rule of spec.podFailurePolicy: about exit codes or about conditions.
struct failure_rule {
  failure_action action = failure_action::count;
  std::optional<exit_code_pattern> exit_codes;
  std::vector<pod_condition_pattern> conditions;
};

/// A rule of spec.successPolicy.
struct success_rule {
  std::optional<std::string> indexes; ///< as "0-2,5"
  std::optional<std::int64_t> count;
};

struct job_status_view {
  std::int64_t active = 0;
  std::optional<std::int64_t> ready;
  std::optional<std::int64_t> terminating;
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;
  std::string completed_indexes;
  std::optional<std::string> failed_indexes;
  std::vector<std::string>
      uncounted_succeeded; ///< uids of pods that have ended and are not in the numbers yet
  std::vector<std::string> uncounted_failed;
  std::optional<wall_time> started;
  std::optional<wall_time> completed;
  std::vector<condition_view> conditions;

  bool operator==(const job_status_view&) const = default;
  [[nodiscard]] bool is(std::string_view condition) const;
  /// Complete or Failed.
  [[nodiscard]] bool finished() const { return is("Complete") || is("Failed"); }
};

struct job_view {
  meta_view meta;
  std::int64_t parallelism = 1;
  std::optional<std::int64_t> completions;
  bool indexed = false;
  bool suspended = false;
  std::int64_t backoff_limit = 6;
  std::optional<std::int64_t> backoff_limit_per_index;
  std::optional<std::int64_t> max_failed_indexes;
  std::optional<std::int64_t> active_deadline_s;
  std::optional<std::int64_t> ttl_after_finished_s;
  bool replaces_only_failed = false; ///< podReplacementPolicy Failed
  bool restarts_containers = false;  ///< restartPolicy OnFailure
  std::vector<failure_rule> failure_rules;
  std::vector<success_rule> success_rules;
  std::string managed_by;
  selector_view selector;
  pod_template_view pod_template;
  job_status_view status;
};

/// Never fails: fields that are missing or of another type read as absent.
job_view parse_job(std::string_view canonical_text);

} // namespace actord::schema
