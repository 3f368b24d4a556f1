#include "actors/controllers/batch/job_reconciler.hpp"

#include "actors/controllers/batch/job_pods.hpp"
#include "actors/controllers/batch/job_policies.hpp"
#include "actors/controllers/conditions.hpp"
#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"
#include "schema/base/timestamp.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <map>

namespace actord::actors {

namespace {

/// Pods made or removed, and uids added to the status, in one round.
constexpr std::size_t burst = 500;
constexpr std::string_view own_name = "kubernetes.io/job-controller";

using seen_pod = seen<schema::pod_view>;

bool has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

json status_patch(const schema::job_status_view& status) {
  const auto unless_zero = [](std::int64_t number) { return number == 0 ? json() : json(number); };
  const auto unless_unset = [](const auto& value) { return value ? json(*value) : json(); };
  const auto time = [](const std::optional<wall_time>& when) {
    return when ? json(schema::format_time(*when)) : json();
  };
  json uncounted{
      {"succeeded", status.uncounted_succeeded.empty() ? json() : json(status.uncounted_succeeded)},
      {"failed", status.uncounted_failed.empty() ? json() : json(status.uncounted_failed)}};
  return {{"status",
           {{"active", unless_zero(status.active)},
            {"ready", unless_unset(status.ready)},
            {"terminating", unless_unset(status.terminating)},
            {"succeeded", unless_zero(status.succeeded)},
            {"failed", unless_zero(status.failed)},
            {"completedIndexes", status.completed_indexes.empty() ? json() : json(status.completed_indexes)},
            {"failedIndexes", unless_unset(status.failed_indexes)},
            {"uncountedTerminatedPods", std::move(uncounted)},
            {"startTime", time(status.started)},
            {"completionTime", time(status.completed)},
            {"conditions", status.conditions.empty() ? json() : to_json(status.conditions)}}}};
}

/// How the job is to end.
struct verdict {
  bool success = false;
  std::string reason;
  std::string message;
};

/// One decision in the making.
class round {
public:
  round(const job_state& given, wall_time at)
      : state_(given), job_(given.job.view), now_(at), next_(given.job.view.status) {}

  plan decide() {
    if (!job_.managed_by.empty() && job_.managed_by != own_name) return finish("another controller's");
    claim_pods();
    if (job_.status.finished()) {
      for (const seen_pod* const pod : ours_)
        if (tracked(*pod)) untrack(*pod, "the job has ended");
      return finish("has ended");
    }
    if (out_.acts()) return finish("ownership first");
    if (!job_.suspended && !next_.started) next_.started = whole_seconds(now_);
    count();
    if (job_.indexed) count_indexes();
    end_ = find_end();
    if (end_)
      remove_active();
    else if (!job_.meta.being_deleted())
      manage();
    track();
    conclude();
    submit_status();
    return finish({});
  }

private:
  static bool tracked(const seen_pod& pod) { return pod.view.meta.has_finalizer(tracking_finalizer); }
  static bool is_active(const schema::pod_view& pod) { return !pod.finished() && !pod.meta.being_deleted(); }
  static bool succeeded(const schema::pod_view& pod) { return pod.status.phase == "Succeeded"; }

  /// A pod that is being deleted counts as failed at once, unless failure is what has to be seen.
  [[nodiscard]] bool failed(const schema::pod_view& pod) const {
    if (pod.status.phase == "Failed") return true;
    return pod.meta.being_deleted() && !succeeded(pod) && (!waits_for_end() || is_over(pod));
  }
  /// It never ran, or all of its containers have ended.
  static bool is_over(const schema::pod_view& pod) {
    if (pod.spec.node_name.empty()) return true;
    const auto& containers = pod.status.containers;
    return !containers.empty() && std::all_of(containers.begin(), containers.end(), [](const auto& one) {
      return one.state.terminated.has_value();
    });
  }
  [[nodiscard]] bool waits_for_end() const {
    return job_.replaces_only_failed || !job_.failure_rules.empty();
  }

  /// Unset: it counts.
  [[nodiscard]] std::optional<failure_match> policy_on(const schema::pod_view& pod) const {
    return pod.status.phase == "Failed" ? match_failure(job_, pod) : std::nullopt;
  }
  [[nodiscard]] bool is_ignored(const schema::pod_view& pod) const {
    const auto match = policy_on(pod);
    return match && match->action == schema::failure_action::ignore;
  }

  void claim_pods() {
    for (const seen_pod& pod : state_.pods) {
      const schema::meta_view& meta = pod.view.meta;
      switch (claim_of(meta, job_.meta.uid, !job_.meta.being_deleted() && !job_.status.finished(),
                       job_.selector)) {
      case claim::ours:
        ours_.push_back(&pod);
        break;
      case claim::adopt: {
        planned_patch taken =
            adopt(pod_key(meta.name), meta, pod.at, controller_reference("batch/v1", "Job", job_.meta));
        if (!tracked(pod)) {
          std::vector<std::string> finalizers = meta.finalizers;
          finalizers.emplace_back(tracking_finalizer);
          taken.patch["metadata"]["finalizers"] = finalizers;
        }
        out_.patch.push_back(std::move(taken));
        break;
      }
      case claim::release: {
        planned_patch given = release(pod_key(meta.name), meta, pod.at, job_.meta.uid);
        if (tracked(pod)) given.patch["metadata"]["finalizers"] = others_of(meta);
        out_.patch.push_back(std::move(given));
        break;
      }
      case claim::none:
        break;
      }
    }
  }

  static json others_of(const schema::meta_view& meta) {
    std::vector<std::string> left = meta.finalizers;
    std::erase(left, tracking_finalizer);
    return left.empty() ? json() : json(left);
  }

  void untrack(const seen_pod& pod, std::string note) {
    out_.patch.push_back({pod_key(pod.view.meta.name),
                          "",
                          pod.view.meta.uid,
                          pod.at,
                          {{"metadata", {{"finalizers", others_of(pod.view.meta)}}}},
                          std::move(note)});
  }

  void count() {
    for (const seen_pod* const pod : ours_) {
      const schema::pod_view& view = pod->view;
      if (is_active(view)) {
        active_.push_back(pod);
        if (view.ready()) ++ready_;
      } else if (!view.finished()) {
        ++terminating_;
      }
      if (!tracked(*pod)) continue;
      if (succeeded(view) && !has(job_.status.uncounted_succeeded, view.meta.uid))
        ++new_succeeded_;
      else if (failed(view) && !has(job_.status.uncounted_failed, view.meta.uid) && !is_ignored(view))
        ++new_failed_;
    }
    succeeded_ = job_.status.succeeded + new_succeeded_ +
                 static_cast<std::int64_t>(job_.status.uncounted_succeeded.size());
    failed_ =
        job_.status.failed + new_failed_ + static_cast<std::int64_t>(job_.status.uncounted_failed.size());
  }

  void count_indexes() {
    const std::int64_t end = job_.completions.value_or(0);
    done_ = index_set::parse(job_.status.completed_indexes, end);
    for (const seen_pod* const pod : ours_)
      if (const auto index = index_of(job_, pod->view); index && tracked(*pod) && succeeded(pod->view))
        done_.add(*index);
    succeeded_ = done_.size();
    if (!job_.backoff_limit_per_index) return;
    given_up_ = index_set::parse(job_.status.failed_indexes.value_or(""), end);
    for (const seen_pod* const pod : ours_) {
      const auto index = index_of(job_, pod->view);
      if (!index || done_.has(*index) || !tracked(*pod) || !failed(pod->view)) continue;
      const auto match = policy_on(pod->view);
      const std::int64_t before = failures_before(pod->view).counted;
      const bool ignored = match && match->action == schema::failure_action::ignore;
      const bool ending = job_.status.is("FailureTarget") || job_.status.is("SuccessCriteriaMet");
      if (!ending && (((match && match->action == schema::failure_action::fail_index) ||
                       (!ignored && before >= *job_.backoff_limit_per_index))))
        given_up_.add(*index);
      // The one that failed last tells the next how often it was.
      const seen_pod*& last = last_failed_[*index];
      if (last == nullptr || total(failures_before(last->view)) < total(failures_before(pod->view)))
        last = pod;
    }
  }

  static std::int64_t total(const index_failures& failures) { return failures.counted + failures.ignored; }

  [[nodiscard]] std::optional<verdict> find_end() const {
    for (const char* type : {"SuccessCriteriaMet", "FailureTarget"})
      if (const auto* const found = schema::find_condition(job_.status.conditions, type);
          found != nullptr && found->status == "True")
        return verdict{type == std::string_view("SuccessCriteriaMet"), found->reason, found->message};
    for (const seen_pod* const pod : ours_)
      if (tracked(*pod) && failed(pod->view))
        if (auto match = policy_on(pod->view); match && match->action == schema::failure_action::fail_job)
          return verdict{false, "PodFailurePolicy", std::move(match->message)};
    if (failed_ > job_.backoff_limit || restarts_too_often())
      return verdict{false, "BackoffLimitExceeded", "Job has reached the specified backoff limit"};
    if (const auto deadline = deadline_at(); deadline && *deadline <= now_)
      return verdict{false, "DeadlineExceeded", "Job was active longer than specified deadline"};
    if (job_.backoff_limit_per_index && given_up_.size() > 0) {
      if (job_.max_failed_indexes && given_up_.size() > *job_.max_failed_indexes)
        return verdict{false, "MaxFailedIndexesExceeded",
                       "Job has exceeded the specified maximal number of failed indexes"};
      if (given_up_.size() + done_.size() >= job_.completions.value_or(0))
        return verdict{false, "FailedIndexes", "Job has failed indexes"};
    }
    if (job_.indexed)
      if (auto message = match_success(job_, done_))
        return verdict{true, "SuccessPolicy", std::move(*message)};
    const bool enough = job_.completions ? succeeded_ >= *job_.completions : succeeded_ > 0;
    if (enough && active_.empty() && !(job_.suspended && !job_.completions && succeeded_ == 0))
      return verdict{true, "CompletionsReached", "Reached expected number of succeeded pods"};
    return std::nullopt;
  }

  /// Restarts within pods count as failures too.
  [[nodiscard]] bool restarts_too_often() const {
    if (!job_.restarts_containers) return false;
    std::int64_t restarts = 0;
    for (const seen_pod* const pod : active_) restarts += restarts_of(pod->view);
    return job_.backoff_limit == 0 ? restarts > 0 : restarts >= job_.backoff_limit;
  }

  [[nodiscard]] std::optional<wall_time> deadline_at() const {
    if (!job_.active_deadline_s || job_.suspended || !next_.started) return std::nullopt;
    return *next_.started + std::chrono::seconds(*job_.active_deadline_s);
  }

  void remove_active() {
    for (const seen_pod* const pod : active_) remove(*pod, "the job ends");
  }

  void remove(const seen_pod& pod, std::string note) {
    if (out_.remove.size() >= burst) return;
    out_.remove.push_back({pod_key(pod.view.meta.name), pod.view.meta.uid, std::nullopt,
                           propagation::by_default, std::move(note),
                           planned_event{false, "SuccessfulDelete", "Deleted pod: " + pod.view.meta.name}});
  }

  /// What goes because fewer are wanted has not failed: nothing keeps it for counting.
  void spare(const seen_pod& pod, const std::string& note) {
    if (tracked(pod)) {
      untrack(pod, note);
      out_.patch.back().at.reset(); // the removal may come first
    }
    remove(pod, note);
  }

  void manage() {
    if (const auto deadline = deadline_at()) look_again(*deadline);
    if (job_.suspended) {
      for (const seen_pod* const pod : active_) spare(*pod, "the job is suspended");
      suspend(true);
      return;
    }
    suspend(false);
    const auto active = static_cast<std::int64_t>(active_.size());
    std::int64_t wanted = job_.parallelism;
    if (job_.completions)
      wanted = std::clamp<std::int64_t>(*job_.completions - succeeded_, 0, job_.parallelism);
    else if (succeeded_ > 0)
      wanted = active;
    if (remove_surplus(active - wanted)) return;
    const std::int64_t missing = wanted - active - (waits_for_end() ? terminating_ : 0);
    if (missing > 0) create(missing);
  }

  void suspend(bool on) {
    const bool was = job_.status.is("Suspended");
    if (on == was) return;
    set_condition(next_.conditions,
                  {"Suspended", on ? "True" : "False", on ? "JobSuspended" : "JobResumed",
                   on ? "Job suspended" : "Job resumed", whole_seconds(now_), std::nullopt, 0});
    next_.started = on ? std::nullopt : std::optional(whole_seconds(now_));
    out_.events.push_back({false, on ? "Suspended" : "Resumed", on ? "Job suspended" : "Job resumed"});
  }

  /// Of an index that is done, given up or has two pods; then the least ready and the youngest.
  bool remove_surplus(std::int64_t surplus) {
    std::vector<const seen_pod*> rest;
    std::set<std::int64_t> taken;
    bool removed = false;
    std::vector<const seen_pod*> order = active_;
    std::stable_sort(order.begin(), order.end(), [](const auto* left, const auto* right) {
      const auto rank = [](const schema::pod_view& pod) {
        return std::make_tuple(!pod.ready(), pod.status.phase != "Running", pod.spec.node_name.empty(),
                               pod.meta.created);
      };
      return rank(left->view) < rank(right->view);
    });
    for (const seen_pod* const pod : order) {
      const auto index = index_of(job_, pod->view);
      if (job_.indexed &&
          (!index || done_.has(*index) || given_up_.has(*index) || !taken.insert(*index).second)) {
        spare(*pod, "its index needs no pod");
        --surplus;
        removed = true;
      } else {
        rest.push_back(pod);
      }
    }
    for (; surplus > 0 && !rest.empty(); --surplus, rest.pop_back()) {
      spare(*rest.back(), "fewer at a time are wanted");
      removed = true;
    }
    return removed;
  }

  void create(std::int64_t missing) {
    // After a refusal (a quota, an admission rule) one pod tries whether it still holds.
    std::int64_t room = std::min<std::int64_t>(missing, state_.refusal.empty() ? burst : 1);
    if (!job_.backoff_limit_per_index) {
      if (const auto rest = rest_until(); rest > now_) return look_again(rest);
    }
    if (!job_.indexed) {
      while (room-- > 0) make({});
      return;
    }
    std::set<std::int64_t> taken;
    for (const seen_pod* const pod : ours_) {
      const bool holds = is_active(pod->view) || (waits_for_end() && !pod->view.finished());
      if (const auto index = index_of(job_, pod->view); index && holds) taken.insert(*index);
    }
    for (std::int64_t index = 0; index < job_.completions.value_or(0) && room > 0; ++index) {
      if (taken.contains(index) || done_.has(index) || given_up_.has(index)) continue;
      if (!job_.backoff_limit_per_index) {
        make({index, std::nullopt});
        --room;
        continue;
      }
      index_failures failures;
      if (const auto last = last_failed_.find(index); last != last_failed_.end()) {
        const schema::pod_view& pod = last->second->view;
        failures = failures_before(pod);
        ++(is_ignored(pod) ? failures.ignored : failures.counted);
        if (const wall_time rest = ended_at(pod) + rest_after(total(failures)); rest > now_) {
          look_again(rest);
          continue;
        }
      }
      make({index, failures});
      --room;
    }
  }

  /// After failures in a row, none succeeding since, it rests.
  [[nodiscard]] wall_time rest_until() const {
    wall_time success{}, last{};
    for (const seen_pod* const pod : ours_)
      if (succeeded(pod->view)) success = std::max(success, ended_at(pod->view));
    std::int64_t failures = 0;
    for (const seen_pod* const pod : ours_) {
      if (!failed(pod->view) || ended_at(pod->view) <= success) continue;
      ++failures;
      last = std::max(last, ended_at(pod->view));
    }
    return failures == 0 ? wall_time{} : last + rest_after(failures);
  }

  void make(const job_pod_order& order) {
    out_.create.push_back({pod_key(""), job_pod_body(job_, order),
                           order.index ? "index " + std::to_string(*order.index) : "another try",
                           planned_event{false, "SuccessfulCreate", "Created pod: {}"}});
  }

  /// Steps 1 to 3 of counting, each for the pods that have come to it.
  void track() {
    std::set<std::string, std::less<>> kept;
    for (const seen_pod* const pod : ours_)
      if (tracked(*pod)) kept.insert(pod->view.meta.uid);
    const auto settle = [&](std::vector<std::string>& uids) {
      return static_cast<std::int64_t>(
          std::erase_if(uids, [&](const auto& uid) { return !kept.contains(uid); }));
    };
    next_.succeeded += settle(next_.uncounted_succeeded);
    next_.failed += settle(next_.uncounted_failed);
    index_set recorded = index_set::parse(job_.status.completed_indexes, job_.completions.value_or(0));
    for (const seen_pod* const pod : ours_)
      if (tracked(*pod)) track(*pod, recorded);
    if (!job_.indexed) return;
    next_.completed_indexes = recorded.text();
    next_.succeeded = recorded.size();
    if (job_.backoff_limit_per_index) next_.failed_indexes = given_up_.text();
  }

  void track(const seen_pod& pod, index_set& recorded) {
    const schema::pod_view& view = pod.view;
    const std::string& uid = view.meta.uid;
    const bool ends = end_ && view.meta.being_deleted();
    if (!failed(view) && !succeeded(view) && !ends && !job_.meta.being_deleted()) return;
    const auto index = index_of(job_, view);
    // It tells the next pod of its index how often it failed.
    if (const auto last = last_failed_.find(index.value_or(-1));
        last != last_failed_.end() && last->second == &pod && !end_ && !given_up_.has(*index) &&
        !is_taken_over(pod, *index))
      return;
    bool written = true; // before the pod may go
    if (succeeded(view)) {
      if (job_.indexed) {
        written = !index || index_set::parse(job_.status.completed_indexes, *job_.completions).has(*index);
        if (index) recorded.add(*index);
      } else {
        written = note(next_.uncounted_succeeded, job_.status.uncounted_succeeded, uid);
      }
    } else if ((failed(view) || (ends && !end_->success)) && !is_ignored(view) && (!job_.indexed || index)) {
      written = note(next_.uncounted_failed, job_.status.uncounted_failed, uid);
    }
    if (written && untracked_++ < burst) untrack(pod, "counted");
  }

  /// Whether it was there before this round.
  bool note(std::vector<std::string>& next, const std::vector<std::string>& before, const std::string& uid) {
    if (has(before, uid)) return true;
    if (next_.uncounted_succeeded.size() + next_.uncounted_failed.size() < burst) next.push_back(uid);
    return false;
  }

  /// A later pod of its index knows about it.
  [[nodiscard]] bool is_taken_over(const seen_pod& pod, std::int64_t index) const {
    const std::int64_t failures = total(failures_before(pod.view));
    return std::any_of(ours_.begin(), ours_.end(), [&](const auto* other) {
      return other != &pod && index_of(job_, other->view) == index &&
             total(failures_before(other->view)) > failures;
    });
  }

  /// The end is announced, and comes when nothing is left to count.
  void conclude() {
    if (!end_) return;
    add_condition(end_->success ? "SuccessCriteriaMet" : "FailureTarget");
    const bool left = std::any_of(ours_.begin(), ours_.end(),
                                  [](const auto* pod) { return tracked(*pod) || !pod->view.finished(); });
    const bool announced = job_.status.is("SuccessCriteriaMet") || job_.status.is("FailureTarget");
    if (left || !announced || !next_.uncounted_succeeded.empty() || !next_.uncounted_failed.empty()) return;
    add_condition(end_->success ? "Complete" : "Failed");
    if (end_->success) {
      next_.completed = whole_seconds(now_);
      out_.events.push_back({false, "Completed", "Job completed"});
    } else {
      out_.events.push_back({true, end_->reason, end_->message});
    }
  }

  void add_condition(const char* type) {
    set_condition(next_.conditions,
                  {type, "True", end_->reason, end_->message, whole_seconds(now_), std::nullopt, 0});
  }

  void submit_status() {
    next_.active = static_cast<std::int64_t>(active_.size());
    next_.ready = ready_;
    next_.terminating = terminating_;
    if (next_ != job_.status)
      out_.patch.push_back(
          {state_.key, "status", job_.meta.uid, std::nullopt, status_patch(next_), "status"});
  }

  void look_again(wall_time when) {
    if (!out_.requeue_at || when < *out_.requeue_at) out_.requeue_at = when;
  }

  plan finish(std::string words) {
    if (words.empty()) {
      words = std::to_string(active_.size()) + " active, " + std::to_string(succeeded_) + " succeeded, " +
              std::to_string(failed_) + " failed";
      if (end_) words += ": " + end_->reason;
    }
    out_.verdict = std::move(words);
    return std::move(out_);
  }

  [[nodiscard]] object_key pod_key(const std::string& name) const {
    return {schema::builtin("", "pods").id, state_.key.space, name};
  }

  const job_state& state_;
  const schema::job_view& job_;
  const wall_time now_;
  schema::job_status_view next_;
  plan out_;
  std::vector<const seen_pod*> ours_, active_;
  std::int64_t ready_ = 0, terminating_ = 0;
  std::int64_t new_succeeded_ = 0, new_failed_ = 0;
  std::int64_t succeeded_ = 0, failed_ = 0; ///< with those that are not in the status yet
  index_set done_, given_up_;
  std::map<std::int64_t, const seen_pod*> last_failed_; ///< by index that is not done
  std::optional<verdict> end_;
  std::size_t untracked_ = 0;
};

} // namespace

plan reconcile(const job_state& state, wall_time now) { return round(state, now).decide(); }

plan let_go(const std::vector<seen<schema::meta_view>>& pods) {
  plan out;
  out.verdict = pods.empty() ? "gone" : "gone: its pods may go too";
  for (const auto& [meta, at] : pods) {
    if (!meta.has_finalizer(tracking_finalizer)) continue;
    std::vector<std::string> left = meta.finalizers;
    std::erase(left, tracking_finalizer);
    out.patch.push_back({{schema::builtin("", "pods").id, meta.space, meta.name},
                         "",
                         meta.uid,
                         at,
                         {{"metadata", {{"finalizers", left.empty() ? json() : json(left)}}}},
                         "their job is gone"});
  }
  return out;
}

plan reconcile_expiry(const object_key& key, const seen<schema::job_view>& job, wall_time now) {
  plan out;
  if (!job.view.ttl_after_finished_s || !job.view.status.finished() || job.view.meta.being_deleted())
    return out;
  wall_time ended{};
  for (const char* type : {"Complete", "Failed"})
    if (const auto* const found = schema::find_condition(job.view.status.conditions, type);
        found != nullptr && found->status == "True" && found->transitioned)
      ended = *found->transitioned;
  const wall_time due = ended + std::chrono::seconds(*job.view.ttl_after_finished_s);
  if (due > now) {
    out.requeue_at = due;
    out.verdict = "ended";
    return out;
  }
  out.remove.push_back(
      {key, job.view.meta.uid, job.at, propagation::foreground, "its time after its end is over"});
  out.verdict = "its time is over";
  return out;
}

} // namespace actord::actors
