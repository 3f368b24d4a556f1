#pragma once

#include "schema/base/json_fwd.hpp"

#include <string>
#include <vector>

/// What a pod may say and should not: taken, and answered with a Warning header. `old` is null for a create;
/// an update warns of a template only when it changed.

namespace actord::schema::rules {

void warn_of_pod(const json& object, const json* old, std::vector<std::string>& warnings);
/// A PodTemplate.
void warn_of_stored_template(const json& object, const json* old, std::vector<std::string>& warnings);
/// A kind with spec.template.
void warn_of_workload(const json& object, const json* old, std::vector<std::string>& warnings);
void warn_of_cron_job(const json& object, const json* old, std::vector<std::string>& warnings);
void warn_of_claim(const json& object, const json* old, std::vector<std::string>& warnings);

} // namespace actord::schema::rules
