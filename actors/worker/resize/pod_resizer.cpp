#include "actors/worker/resize/pod_resizer.hpp"

#include "actors/worker/container_spec.hpp"
#include "actors/worker/resize/resize_words.hpp"

#include <algorithm>

namespace actord::actors {
namespace {

constexpr std::chrono::seconds retry_first{5};
constexpr std::chrono::seconds retry_max{60};
const amount_texts no_amounts;
const container_observation not_there{};

const container_observation& look(const pod_observation& seen, const std::string& name) {
  const auto found = seen.containers.find(name);
  return found == seen.containers.end() ? not_there : found->second;
}

template <class Visit>
void each_resizable(const schema::pod_view& pod, Visit visit) {
  for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers})
    for (const auto& container : *list) visit(container);
}

/// A step that was done, in what is known of the pod's group.
void note_limits(runtime::resource_limits& known, const runtime::resource_limits& set) {
  if (set.cpu_shares != 0) known.cpu_shares = set.cpu_shares;
  if (set.cpu_quota_us != 0) known.cpu_quota_us = set.cpu_quota_us;
  if (set.memory_limit_bytes != 0) known.memory_limit_bytes = set.memory_limit_bytes;
}

runtime::resource_limits amounts_only(runtime::resource_limits limits) {
  limits.oom_score_adj = 0;
  limits.pids_limit = 0;
  return limits;
}

} // namespace

void pod_resizer::adopt(std::optional<resize_record> record, const schema::pod_view& pod,
                        const pod_observation& seen) {
  if (std::exchange(adopted_, true) || !known_) return;
  if (const auto* at = schema::find_condition(pod.status.conditions, "PodResizeInProgress"))
    progress_ = at->observed_generation;
  if (!record) {
    each_resizable(pod, [&](const auto& container) {
      if (const auto& at = look(seen, container.name); at.running())
        record_.actuated = starting(pod, container.name, at.attempt).actuated;
    });
    return;
  }
  record_ = std::move(*record);
  const bool news = !same_amounts(record_.allocated, given_.resources);
  record_.allocated = given_.resources;
  if (news) begin(pod);
}

void pod_resizer::begin(const schema::pod_view& pod) {
  trouble_.clear();
  back_off_ = {};
  not_before_ = {};
  progress_ = given_.generation;
  notes_.push_back({false, "ResizeStarted",
                    "Pod resize started: " + resize_summary(pod, given_.resources, given_.generation, "")});
}

void pod_resizer::allot(allotment given, const schema::pod_view& pod) {
  if (!known_)
    if (const auto* at = schema::find_condition(pod.status.conditions, "PodResizePending"))
      told_pending_ = pending_resize{at->reason, at->message, at->observed_generation, {}};
  const bool news = known_ && adopted_ && !same_amounts(given.resources, record_.allocated);
  given_ = std::move(given);
  if (adopted_ || !known_) record_.allocated = given_.resources;
  known_ = true;
  if (news) begin(pod);
  const auto& pending = given_.pending;
  if (pending && (!told_pending_ || told_pending_->reason != pending->reason ||
                  told_pending_->generation != pending->generation))
    notes_.push_back({true, "Resize" + pending->reason,
                      "Pod resize " + pending->reason + ": " +
                          resize_summary(pod, pending->asked, pending->generation, pending->message)});
  told_pending_ = pending;
}

const amount_texts& pod_resizer::allocated(const std::string& container) const {
  const auto found = record_.allocated.containers.find(container);
  return found == record_.allocated.containers.end() ? no_amounts : found->second;
}

/// Null: nothing was written down, so it runs with what it was given.
const resize_record::in_force* pod_resizer::in_force(const std::string& container,
                                                     const container_observation& at) const {
  const auto found = record_.actuated.find(container);
  return found == record_.actuated.end() || found->second.attempt != at.attempt ? nullptr : &found->second;
}

bool pod_resizer::restarts(const schema::pod_view& pod, const schema::container_view& container,
                           const container_observation& at) const {
  const auto* const now = in_force(container.name, at);
  if (!at.running() || now == nullptr) return false;
  const amount_texts& wanted = allocated(container.name);
  const runtime::resource_limits limits = amounts_only(limits_of(pod, container, 0));
  const bool cpu = !same_amount(now->amounts, wanted, "cpu") ||
                   limits.cpu_quota_us != now->limits.cpu_quota_us ||
                   limits.cpu_shares != now->limits.cpu_shares;
  const bool memory = !same_amount(now->amounts, wanted, "memory") ||
                      limits.memory_limit_bytes != now->limits.memory_limit_bytes;
  return (container.resize.cpu_restarts && cpu) || (container.resize.memory_restarts && memory);
}

bool pod_resizer::unfinished(const schema::pod_view& pod, const pod_observation& seen) const {
  bool any = job(pod, seen).has_value();
  each_resizable(pod, [&](const auto& container) {
    const container_observation& at = look(seen, container.name);
    any = any || at.ended_for_resize || restarts(pod, container, at);
  });
  return any;
}

void pod_resizer::mark(const schema::pod_view& pod, pod_observation& seen) const {
  if (!known_) return;
  const bool grows_first =
      record_.pod_limits.cpu_shares != 0 && pod_must_grow(pod_limits_of(pod), record_.pod_limits);
  each_resizable(pod, [&](const auto& container) {
    const auto found = seen.containers.find(container.name);
    if (found == seen.containers.end()) return;
    found->second.resize_restarts = !grows_first && restarts(pod, container, found->second);
  });
  seen.resize_due = job(pod, seen).has_value();
  seen.resize_not_before = not_before_;
}

std::optional<resize_job> pod_resizer::job(const schema::pod_view& pod, const pod_observation& seen) const {
  if (!known_ || !seen.sandbox || !seen.sandbox->ready) return std::nullopt;
  resize_job job;
  std::vector<sized_container> sized;
  bool any_restarts = false;
  each_resizable(pod, [&](const schema::container_view& container) {
    const container_observation& at = look(seen, container.name);
    if (at.ended_for_resize || restarts(pod, container, at)) {
      any_restarts = true;
      return;
    }
    const auto* const now = in_force(container.name, at);
    if (!at.running() || now == nullptr) return;
    sized_container each{container.name, amounts_only(limits_of(pod, container, 0)), now->limits};
    if (!(each.wanted == each.current) || !same_amounts(now->amounts, allocated(container.name)))
      job.containers.push_back(container.name);
    sized.push_back(std::move(each));
  });
  // A group that nobody wrote down is left alone until there is something to change.
  if (record_.pod_limits.cpu_shares != 0 || !job.containers.empty() || any_restarts)
    job.plan = plan_resize(pod_limits_of(pod), record_.pod_limits, sized, !any_restarts);
  if (job.plan.steps.empty() && job.containers.empty()) return std::nullopt;
  job.before = record_;
  return job;
}

void pod_resizer::done(const resize_job& job, const resize_outcome& outcome, wall_time now) {
  for (std::size_t i = 0; i < outcome.steps_done && i < job.plan.steps.size(); ++i)
    if (job.plan.steps[i].container.empty()) note_limits(record_.pod_limits, job.plan.steps[i].limits);
  if (!outcome.trouble.empty()) {
    if (trouble_ != outcome.trouble) {
      trouble_ = outcome.trouble;
      notes_.push_back({true, "ResizeError", {}});
    }
    back_off_ = std::clamp(back_off_ * 2, retry_first, retry_max);
    not_before_ = now + back_off_;
    return;
  }
  trouble_.clear();
  back_off_ = {};
  not_before_ = {};
  for (const auto& name : job.containers) {
    const auto actuated = record_.actuated.find(name);
    const auto given = job.before.allocated.containers.find(name);
    if (actuated == record_.actuated.end() || given == job.before.allocated.containers.end()) continue;
    actuated->second.amounts = given->second;
    for (const auto& step : job.plan.steps)
      if (step.container == name) note_limits(actuated->second.limits, step.limits);
  }
}

void pod_resizer::sandbox_made(const runtime::resource_limits& limits) {
  record_.pod_limits = amounts_only(limits);
}

resize_record pod_resizer::starting(const schema::pod_view& pod, const std::string& container,
                                    int attempt) const {
  resize_record after = record_;
  each_resizable(pod, [&](const schema::container_view& spec) {
    if (spec.name != container) return;
    after.actuated[container] = {attempt, allocated(container), amounts_only(limits_of(pod, spec, 0))};
    after.ended_attempts.erase(container);
  });
  return after;
}

void pod_resizer::started(const std::string& container, int attempt, const resize_record& with) {
  const auto found = with.actuated.find(container);
  if (found == with.actuated.end() || found->second.attempt != attempt) return;
  record_.actuated[container] = found->second;
  record_.ended_attempts.erase(container);
}

resize_record pod_resizer::ending(const std::string& container, int attempt) const {
  resize_record after = record_;
  after.ended_attempts[container] = attempt;
  return after;
}

void pod_resizer::ended_for_resize(const std::string& container, int attempt) {
  record_.ended_attempts[container] = attempt;
}

bool pod_resizer::was_ended_for_resize(const std::string& container, int attempt) const {
  const auto found = record_.ended_attempts.find(container);
  return found != record_.ended_attempts.end() && found->second == attempt;
}

std::vector<resize_note> pod_resizer::take_notes(const schema::pod_view& pod, const pod_observation& seen) {
  for (auto& note : notes_)
    if (note.reason == "ResizeError")
      note.message = "Pod resize error: " + resize_summary(pod, record_.allocated,
                                                           progress_.value_or(pod.meta.generation), trouble_);
  if (!adopted_) return {};
  const bool unfinished_now = known_ && unfinished(pod, seen);
  if (unfinished_now && !progress_) progress_ = given_.generation;
  if (progress_ && known_ && !unfinished_now) {
    notes_.push_back({false, "ResizeCompleted",
                      "Pod resize completed: " + resize_summary(pod, record_.allocated, *progress_, "")});
    progress_.reset();
    trouble_.clear();
  }
  return std::exchange(notes_, {});
}

} // namespace actord::actors
