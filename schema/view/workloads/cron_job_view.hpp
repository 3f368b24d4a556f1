#pragma once

#include "schema/view/meta_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actord::schema {

/// What to do when it is time and an earlier Job has not ended.
enum class concurrency : std::uint8_t { allow, forbid, replace };

/// An entry of status.active.
struct job_reference {
  std::string name;
  std::string uid;
  std::string version; ///< resourceVersion it was seen at

  bool operator==(const job_reference&) const = default;
};

struct cron_job_status_view {
  std::vector<job_reference> active;
  std::optional<wall_time> last_schedule;
  std::optional<wall_time> last_success;

  bool operator==(const cron_job_status_view&) const = default;
};

/// spec.jobTemplate.
struct job_template_view {
  text_map labels;
  text_map annotations;
  std::string spec; ///< canonical JSON
};

struct cron_job_view {
  meta_view meta;
  std::string schedule;
  std::optional<std::string> time_zone;
  concurrency policy = concurrency::allow;
  bool suspended = false;
  std::optional<std::int64_t> starting_deadline_s;
  std::optional<std::int64_t> successful_history_limit;
  std::optional<std::int64_t> failed_history_limit;
  job_template_view job_template;
  cron_job_status_view status;
};

/// Never fails: fields that are missing or of another type read as absent.
cron_job_view parse_cron_job(std::string_view canonical_text);

} // namespace actord::schema
