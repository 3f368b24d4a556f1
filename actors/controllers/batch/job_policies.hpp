#pragma once

#include "actors/controllers/batch/index_set.hpp"
#include "schema/view/pod_view.hpp"
#include "schema/view/workloads/job_view.hpp"

#include <optional>
#include <string>

/// What a Job's policies say of pods that failed and of indexes that succeeded.

namespace actord::actors {

struct failure_match {
  schema::failure_action action = schema::failure_action::count;
  std::string message; ///< why, for people
};

/// The first rule that a failed pod matches; unset when none does: then its failure counts.
std::optional<failure_match> match_failure(const schema::job_view& job, const schema::pod_view& pod);

/// The message of the first rule of the success policy that is met.
std::optional<std::string> match_success(const schema::job_view& job, const index_set& succeeded);

} // namespace actord::actors
