#include "actors/controllers/batch/cron_job_reconciler.hpp"

#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace actord::actors {

namespace {

constexpr const char* scheduled_annotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";

using seen_job = seen<schema::job_view>;

std::string_view ending_of(const schema::job_view& job) {
  return job.status.is("Complete") ? "Complete" : "Failed";
}

/// "Mon, 02 Jan 2006 15:04:05 +0000".
std::string spelled(std::chrono::sys_seconds when) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(when)));
}

/// One decision in the making.
class round {
public:
  explicit round(const cron_job_state& given)
      : state_(given), cron_(given.cron.view), next_(given.cron.view.status) {}

  plan decide() {
    look_at_jobs();
    drop_missing();
    if (cron_.meta.being_deleted()) return finish("being deleted");
    clean_up(true, cron_.successful_history_limit);
    clean_up(false, cron_.failed_history_limit);
    const cron_starts& starts = state_.starts;
    if (!starts.reason.empty()) {
      out_.events.push_back({true, starts.reason, starts.message});
      return finish(starts.message);
    }
    if (cron_.suspended) return finish("suspended");
    out_.requeue_at = starts.next;
    if (!starts.due) return finish("waits for its time");
    return finish(start(*starts.due));
  }

private:
  [[nodiscard]] bool is_listed(const schema::job_view& job) const {
    return std::ranges::find(next_.active, job.meta.uid, &schema::job_reference::uid) != next_.active.end();
  }
  void unlist(const std::string& uid) {
    std::erase_if(next_.active, [&](const auto& one) { return one.uid == uid; });
  }

  /// For which time this CronJob made it; unset when somebody else did.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> made_for(const schema::job_view& job) const {
    const auto found = job.meta.annotations.find(scheduled_annotation);
    if (found == job.meta.annotations.end()) return std::nullopt;
    const auto time = schema::parse_time(found->second);
    if (!time) return std::nullopt;
    const auto at = std::chrono::floor<std::chrono::seconds>(*time);
    return job_name(cron_.meta.name, at) == job.meta.name ? std::optional(at) : std::nullopt;
  }

  void look_at_jobs() {
    for (const seen_job& job : state_.jobs) {
      const bool ended = job.view.status.finished();
      const auto at = made_for(job.view);
      const bool is_new = at && (!next_.last_schedule || *next_.last_schedule < *at);
      if (is_new) next_.last_schedule = *at;
      if (ended)
        note_end(job.view, is_new);
      else if (!is_listed(job.view) && !job.view.meta.being_deleted())
        list(job, at.has_value());
    }
  }

  void list(const seen_job& job, bool ours) {
    if (ours)
      next_.active.push_back({job.view.meta.name, job.view.meta.uid, std::to_string(job.at.value)});
    else
      out_.events.push_back(
          {true, "UnexpectedJob",
           "Saw a job that the controller did not create or forgot: " + job.view.meta.name});
  }

  void note_end(const schema::job_view& job, bool is_new) {
    if (is_listed(job) || is_new)
      out_.events.push_back(
          {false, "SawCompletedJob",
           fmt::format("Saw completed job: {}, condition: {}", job.meta.name, ending_of(job))});
    unlist(job.meta.uid);
    if (job.status.is("Complete") && job.status.completed)
      next_.last_success =
          std::max(next_.last_success.value_or(*job.status.completed), *job.status.completed);
  }

  void drop_missing() {
    std::erase_if(next_.active, [&](const schema::job_reference& one) {
      const bool there =
          std::ranges::any_of(state_.jobs, [&](const seen_job& job) { return job.view.meta.uid == one.uid; });
      if (!there) out_.events.push_back({false, "MissingJob", "Active job went missing: " + one.name});
      return !there;
    });
  }

  /// Of those that ended this way only the newest stay.
  void clean_up(bool complete, std::optional<std::int64_t> limit) {
    if (!limit) return;
    std::vector<const seen_job*> ended;
    for (const seen_job& job : state_.jobs)
      if (job.view.status.finished() && job.view.status.is("Complete") == complete &&
          !job.view.meta.being_deleted())
        ended.push_back(&job);
    std::ranges::sort(ended, {}, [](const seen_job* job) {
      return std::make_tuple(!job->view.status.started.has_value(), job->view.status.started,
                             std::string_view(job->view.meta.name));
    });
    for (std::size_t i = 0; static_cast<std::int64_t>(ended.size() - i) > *limit; ++i)
      remove(*ended[i], "older than the history that is kept");
  }

  void remove(const seen_job& job, std::string note) {
    out_.remove.push_back({job_key(job.view.meta.name), job.view.meta.uid, std::nullopt,
                           propagation::background, std::move(note),
                           planned_event{false, "SuccessfulDelete", "Deleted job " + job.view.meta.name}});
    unlist(job.view.meta.uid);
  }

  std::string start(const due_start& due) {
    if (due.too_late) {
      out_.events.push_back(
          {true, "MissSchedule", "Missed scheduled time to start a job: " + spelled(due.at)});
      return "too late for its last time";
    }
    if (next_.last_schedule && *next_.last_schedule >= due.at) return "waits for its time";
    if (std::ranges::any_of(state_.jobs, [&](const auto& job) { return job.view.meta.name == due.job; }))
      return "has started one in this minute";
    if (due.many_missed)
      out_.events.push_back({true, "TooManyMissedTimes",
                             "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or "
                             "check clock skew"});
    if (cron_.policy == schema::concurrency::forbid && !next_.active.empty()) {
      out_.events.push_back(
          {false, "JobAlreadyActive",
           "Not starting job because prior execution is running and concurrency policy is Forbid"});
      return "waits for the job that runs";
    }
    if (cron_.policy == schema::concurrency::replace && replace_active()) return "replaces the job that runs";
    if (state_.name_is_taken) {
      out_.events.push_back(
          {true, "FailedCreate",
           fmt::format("Error creating job: somebody else's job has the name \"{}\"", due.job)});
      return "its job's name is taken";
    }
    make(due);
    return "its time has come";
  }

  /// Whether there was one to remove: then the new Job comes in the next round.
  bool replace_active() {
    bool any = false;
    for (const seen_job& job : state_.jobs) {
      if (!is_listed(job.view) || job.view.meta.being_deleted()) continue;
      remove(job, "a newer one takes its place");
      any = true;
    }
    return any;
  }

  void make(const due_start& due) {
    json annotations = cron_.job_template.annotations;
    annotations[scheduled_annotation] = state_.starts.zone.format(due.at);
    json body{{"apiVersion", "batch/v1"},
              {"kind", "Job"},
              {"metadata",
               {{"name", due.job},
                {"namespace", state_.key.space},
                {"annotations", std::move(annotations)},
                {"ownerReferences",
                 json::array({to_json(controller_reference("batch/v1", "CronJob", cron_.meta))})}}}};
    if (!cron_.job_template.labels.empty()) body["metadata"]["labels"] = cron_.job_template.labels;
    body["spec"] = json::parse(cron_.job_template.spec, nullptr, false);
    if (!body["spec"].is_object()) body["spec"] = json::object();
    out_.create.push_back({job_key(due.job), std::move(body), "its time has come",
                           planned_event{false, "SuccessfulCreate", "Created job {}"}});
  }

  void submit_status() {
    if (next_ == cron_.status) return;
    json active = json::array();
    for (const schema::job_reference& one : next_.active)
      active.push_back({{"apiVersion", "batch/v1"},
                        {"kind", "Job"},
                        {"name", one.name},
                        {"namespace", state_.key.space},
                        {"uid", one.uid},
                        {"resourceVersion", one.version}});
    const auto time = [](const std::optional<wall_time>& when) {
      return when ? json(schema::format_time(*when)) : json();
    };
    out_.patch.push_back({state_.key,
                          "status",
                          cron_.meta.uid,
                          std::nullopt,
                          {{"status",
                            {{"active", active.empty() ? json() : std::move(active)},
                             {"lastScheduleTime", time(next_.last_schedule)},
                             {"lastSuccessfulTime", time(next_.last_success)}}}},
                          "status"});
  }

  plan finish(std::string words) {
    submit_status();
    out_.verdict = std::to_string(next_.active.size()) + " active: " + std::move(words);
    return std::move(out_);
  }

  [[nodiscard]] object_key job_key(const std::string& name) const {
    return {schema::builtin("batch", "jobs").id, state_.key.space, name};
  }

  const cron_job_state& state_;
  const schema::cron_job_view& cron_;
  schema::cron_job_status_view next_;
  plan out_;
};

} // namespace

plan reconcile(const cron_job_state& state) { return round(state).decide(); }

} // namespace actord::actors
