#pragma once

#include "schema/base/clock.hpp"
#include "schema/cron/cron_times.hpp"
#include "schema/view/workloads/cron_job_view.hpp"

#include <optional>
#include <string>

/// When a CronJob starts Jobs.

namespace actord::actors {

/// A Job that should have been started by now: the latest, however many were missed.
struct due_start {
  std::chrono::sys_seconds at;
  std::string job;          ///< its name, the same for the same minute
  bool too_late = false;    ///< startingDeadlineSeconds is over
  bool many_missed = false; ///< more than a hundred within that deadline

  bool operator==(const due_start&) const = default;
};

/// What schedule and clock say. With a complaint there is neither `due` nor `next`.
struct cron_starts {
  std::optional<due_start> due;
  std::optional<wall_time> next;
  /// Why there is none, as an Event's reason and message; empty when all is well.
  std::string reason;
  std::string message;
  schema::time_zone zone;
};

/// The Job of that time: by minute, so that two who start the same make one.
std::string job_name(std::string_view cron_job, std::chrono::sys_seconds at);

/// Times up to the last one that was started, the CronJob's creation and `schedule_since`, when its schedule
/// changed, are over. Suspended, it has none.
cron_starts starts_of(const schema::cron_job_view& cron, std::optional<wall_time> schedule_since,
                      wall_time now);

} // namespace actord::actors
