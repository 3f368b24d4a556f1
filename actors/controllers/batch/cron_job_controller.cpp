#include "actors/controllers/batch/cron_job_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"

#include <map>
#include <mutex>

namespace actord::actors {

namespace {

/// Since when CronJobs have the schedule they have, as far as that changed while this server led: a new
/// schedule has missed nothing before it was there. From any thread.
class schedule_memory {
public:
  std::optional<wall_time> since(const object_key& key, const schema::cron_job_view& cron, wall_time now) {
    std::string words = cron.meta.uid + ' ' + cron.time_zone.value_or("") + ' ' + cron.schedule;
    const std::scoped_lock hold(mutex_);
    auto [at, is_new] = seen_.try_emplace(key, known{words, std::nullopt});
    if (!is_new && at->second.words != words) at->second = {std::move(words), now};
    return at->second.since;
  }
  void forget(const object_key& key) {
    const std::scoped_lock hold(mutex_);
    seen_.erase(key);
  }

private:
  struct known {
    std::string words;
    std::optional<wall_time> since;
  };

  std::mutex mutex_;
  std::map<object_key, known> seen_;
};

class cron_job_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "cronjob"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {cron_jobs_, jobs_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, cron_jobs_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == cron_jobs_)
      keys.push_back(event.key);
    else
      controllers_of(event, cron_jobs_, keys);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto cron = read_view(input.state, input.key, schema::parse_cron_job);
    if (!cron) {
      memory_.forget(input.key);
      return {};
    }
    cron_job_state state;
    state.key = input.key;
    state.cron = std::move(*cron);
    const schema::cron_job_view& view = state.cron.view;
    each_controlled(input.state, jobs_, view.meta.uid, [&](const schema::object_view& job) {
      state.jobs.push_back({schema::parse_job(job.text()), job.at()});
    });
    state.starts = starts_of(view, memory_.since(input.key, view, input.now), input.now);
    if (state.starts.due) {
      const std::string_view bytes = input.state.get({jobs_, input.key.space, state.starts.due->job});
      const auto job = schema::object_view::open(bytes);
      state.name_is_taken = !bytes.empty() && job && job->controller_uid() != view.meta.uid;
    }
    return actors::reconcile(state);
  }

private:
  const resource_id cron_jobs_ = schema::builtin("batch", "cronjobs").id;
  const resource_id jobs_ = schema::builtin("batch", "jobs").id;
  mutable schedule_memory memory_;
};

} // namespace

std::unique_ptr<controller_kind> cron_job_controller() { return std::make_unique<cron_job_kind>(); }

} // namespace actord::actors
