#pragma once

#include "actors/controllers/batch/cron_job_starts.hpp"
#include "actors/controllers/plan.hpp"
#include "schema/view/workloads/job_view.hpp"

#include <vector>

/// Starts a Job whenever its schedule says so.
///
/// A start is two writes that may be any time apart:
///
///     1. the Job, named by its minute: made once, whoever tries, and however often
///     2. its name in status.active, its time in status.lastScheduleTime
///
/// A Job with the name of its minute that is not in the status yet is one whose second write is missing.
/// Replacing comes before: first what runs is deleted, then, in the next round, the new Job is made.

namespace actord::actors {

/// All a decision about one CronJob depends on.
struct cron_job_state {
  object_key key;
  seen<schema::cron_job_view> cron;
  /// Those it controls.
  std::vector<seen<schema::job_view>> jobs;
  cron_starts starts;
  /// There is a Job with the name of the one that is due, and somebody else's.
  bool name_is_taken = false;
};

plan reconcile(const cron_job_state& state);

} // namespace actord::actors
