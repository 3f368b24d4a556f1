#include "actors/controllers/batch/job_policies.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::actors {

namespace {

std::string_view name_of(schema::failure_action action) {
  switch (action) {
  case schema::failure_action::fail_job:
    return "FailJob";
  case schema::failure_action::fail_index:
    return "FailIndex";
  case schema::failure_action::ignore:
    return "Ignore";
  case schema::failure_action::count:
    return "Count";
  }
  return "Count";
}

/// The container whose exit the pattern is about.
const schema::container_status_view* exit_that_matches(const schema::exit_code_pattern& pattern,
                                                       const schema::pod_view& pod) {
  for (const auto* const list : {&pod.status.init_containers, &pod.status.containers})
    for (const auto& container : *list) {
      if (!pattern.container.empty() && container.name != pattern.container) continue;
      if (!container.state.terminated || container.state.terminated->exit_code == 0) continue;
      const bool listed =
          std::ranges::find(pattern.codes, container.state.terminated->exit_code) != pattern.codes.end();
      if (listed == pattern.in) return &container;
    }
  return nullptr;
}

} // namespace

std::optional<failure_match> match_failure(const schema::job_view& job, const schema::pod_view& pod) {
  const std::string who = pod.meta.space + '/' + pod.meta.name;
  for (std::size_t i = 0; i < job.failure_rules.size(); ++i) {
    const schema::failure_rule& rule = job.failure_rules[i];
    const std::string by =
        " matching " + std::string(name_of(rule.action)) + " rule at index " + std::to_string(i);
    if (rule.exit_codes) {
      if (const auto* const container = exit_that_matches(*rule.exit_codes, pod))
        return failure_match{rule.action,
                             fmt::format("Container {} for pod {} failed with exit code {}{}",
                                         container->name, who, container->state.terminated->exit_code, by)};
    }
    for (const schema::pod_condition_pattern& wanted : rule.conditions) {
      const auto* const found = schema::find_condition(pod.status.conditions, wanted.type);
      if (found != nullptr && found->status == wanted.status)
        return failure_match{rule.action, fmt::format("Pod {} has condition {}{}", who, wanted.type, by)};
    }
  }
  return std::nullopt;
}

std::optional<std::string> match_success(const schema::job_view& job, const index_set& succeeded) {
  for (std::size_t i = 0; i < job.success_rules.size(); ++i) {
    const schema::success_rule& rule = job.success_rules[i];
    std::int64_t matched = succeeded.size();
    bool met = rule.count && matched >= *rule.count;
    if (rule.indexes) {
      const index_set wanted = index_set::parse(*rule.indexes, job.completions.value_or(0));
      matched = std::ranges::count_if(wanted.members(), [&](auto index) { return succeeded.has(index); });
      met = matched >= rule.count.value_or(wanted.size());
    }
    if (met) return "Matched rules at index " + std::to_string(i);
  }
  return std::nullopt;
}

} // namespace actord::actors
