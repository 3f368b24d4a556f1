#pragma once

#include "schema/base/json_fwd.hpp"
#include "schema/view/pod_view.hpp"
#include "schema/view/workloads/job_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// A Job's pods: how they are made and what they tell.

namespace actord::actors {

/// Keeps a pod until it is in its Job's numbers.
inline constexpr std::string_view tracking_finalizer = "batch.kubernetes.io/job-tracking";

/// How often an index failed before the pod that is made for it: with and without those the policy ignores.
struct index_failures {
  std::int64_t counted = 0;
  std::int64_t ignored = 0;
};

struct job_pod_order {
  std::optional<std::int64_t> index;
  std::optional<index_failures> failures; ///< with backoffLimitPerIndex
};
json job_pod_body(const schema::job_view& job, const job_pod_order& order);

/// Unset for a pod without an index, or with one the job does not have.
std::optional<std::int64_t> index_of(const schema::job_view& job, const schema::pod_view& pod);
index_failures failures_before(const schema::pod_view& pod);
/// When its last container ended; else the best there is.
wall_time ended_at(const schema::pod_view& pod);
/// Restarts of all its containers.
std::int64_t restarts_of(const schema::pod_view& pod);

/// 10 s after the first failure in a row, then twice as long each time, at most 10 minutes.
std::chrono::seconds rest_after(std::int64_t failures);

} // namespace actord::actors
