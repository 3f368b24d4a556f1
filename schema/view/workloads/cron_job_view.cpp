#include "schema/view/workloads/cron_job_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

concurrency parse_policy(std::string_view text) {
  if (text == "Forbid") return concurrency::forbid;
  return text == "Replace" ? concurrency::replace : concurrency::allow;
}

job_reference parse_reference(read::value in) {
  return {in["name"].text(), in["uid"].text(), in["resourceVersion"].text()};
}

} // namespace

cron_job_view parse_cron_job(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"], status = object["status"], made = spec["jobTemplate"];
  cron_job_view out;
  out.meta = parse_meta(object);
  out.schedule = spec["schedule"].text();
  if (const read::value zone = spec["timeZone"]) out.time_zone = zone.text();
  out.policy = parse_policy(spec["concurrencyPolicy"].view());
  out.suspended = spec["suspend"].flag();
  out.starting_deadline_s = spec["startingDeadlineSeconds"].maybe_number();
  out.successful_history_limit = spec["successfulJobsHistoryLimit"].maybe_number();
  out.failed_history_limit = spec["failedJobsHistoryLimit"].maybe_number();
  out.job_template = {made["metadata"]["labels"].text_map(), made["metadata"]["annotations"].text_map(),
                      made["spec"].raw()};
  out.status.active = status["active"].list(parse_reference);
  out.status.last_schedule = status["lastScheduleTime"].time();
  out.status.last_success = status["lastSuccessfulTime"].time();
  return out;
}

} // namespace actord::schema
