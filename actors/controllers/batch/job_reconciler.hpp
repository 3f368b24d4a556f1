#pragma once

#include "actors/controllers/batch/index_set.hpp"
#include "actors/controllers/plan.hpp"
#include "schema/view/pod_view.hpp"
#include "schema/view/workloads/job_view.hpp"

#include <string>
#include <vector>

/// Runs a Job's pods until enough have succeeded or too many failed.
///
/// A pod that has ended is counted once, whatever becomes of it, in three writes that may be any time apart:
///
///     1. its uid goes into status.uncountedTerminatedPods (an index that succeeded into completedIndexes)
///     2. the finalizer that kept the pod is taken away
///     3. the uid leaves the list and the number grows by one
///
/// How it ends is written down before it ends: SuccessCriteriaMet or FailureTarget, then, when all pods have
/// ended and are counted, Complete or Failed.

namespace actord::actors {

/// All a decision about one Job depends on.
struct job_state {
  object_key key;
  seen<schema::job_view> job;
  /// Pods it controls, and those its selector matches that nobody controls.
  std::vector<seen<schema::pod_view>> pods;
  /// Why the last round's pods were refused; empty when they were not.
  std::string refusal;
};

plan reconcile(const job_state& state, wall_time now);

/// Takes the finalizer from pods whose Job is no more: nobody will count them.
plan let_go(const std::vector<seen<schema::meta_view>>& pods);

/// Removes a Job whose time after its end is over.
plan reconcile_expiry(const object_key& key, const seen<schema::job_view>& job, wall_time now);

} // namespace actord::actors
