#include "actors/controllers/batch/cron_job_starts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace actord::actors {

namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::size_t many = 100;

sys_seconds in_seconds(wall_time when) { return std::chrono::floor<seconds>(when); }

} // namespace

std::string job_name(std::string_view cron_job, sys_seconds at) {
  return fmt::format("{}-{}", cron_job, at.time_since_epoch().count() / 60);
}

cron_starts starts_of(const schema::cron_job_view& cron, std::optional<wall_time> schedule_since,
                      wall_time now) {
  cron_starts out;
  const auto complain = [&](std::string reason, std::string message) {
    out.reason = std::move(reason);
    out.message = std::move(message);
    return out;
  };
  auto schedule = schema::parse_schedule(cron.schedule);
  const std::string name =
      cron.time_zone.value_or(schedule && !schedule->zone.empty() ? schedule->zone : "UTC");
  const auto zone = schema::time_zone::find(name);
  if (!zone)
    return complain("UnknownTimeZone",
                    fmt::format("invalid timeZone: \"{}\": unknown time zone {}", name, name));
  out.zone = *zone;
  if (cron.suspended) return out;
  if (!schedule)
    return complain("UnparseableSchedule", fmt::format("unparseable schedule: \"{}\" : {}", cron.schedule,
                                                       schedule.error().message));
  const sys_seconds until = in_seconds(now);
  sys_seconds after = in_seconds(cron.status.last_schedule.value_or(cron.meta.created.value_or(now)));
  if (schedule_since) after = std::max(after, in_seconds(*schedule_since));
  const auto next = schema::next_time(*schedule, *zone, schedule->every ? after : std::max(after, until));
  if (!next)
    return complain("InvalidSchedule",
                    fmt::format("invalid schedule: {} : no such time within eight years", cron.schedule));
  out.next = *next;
  const auto last = schema::last_time(*schedule, *zone, after, until);
  if (!last) return out;
  if (schedule->every) out.next = *last + *schedule->every;
  due_start due{*last, job_name(cron.meta.name, *last)};
  sys_seconds early = after;
  if (cron.starting_deadline_s) {
    const sys_seconds deadline = until - seconds(*cron.starting_deadline_s);
    due.too_late = *last < deadline;
    early = std::max(early, deadline);
  }
  due.many_missed = schema::has_more_than(many, *schedule, *zone, early, until);
  out.due = std::move(due);
  return out;
}

} // namespace actord::actors
