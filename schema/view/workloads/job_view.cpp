#include "schema/view/workloads/job_view.hpp"

#include "schema/view/read.hpp"

namespace actord::schema {

namespace {

failure_action parse_action(std::string_view text) {
  if (text == "FailJob") return failure_action::fail_job;
  if (text == "FailIndex") return failure_action::fail_index;
  return text == "Ignore" ? failure_action::ignore : failure_action::count;
}

pod_condition_pattern parse_condition_pattern(read::value in) {
  return {in["type"].text(), in["status"].text_or("True")};
}

failure_rule parse_failure_rule(read::value in) {
  failure_rule out;
  out.action = parse_action(in["action"].view());
  if (const read::value codes = in["onExitCodes"]) {
    exit_code_pattern pattern{codes["containerName"].text(), codes["operator"].view() != "NotIn", {}};
    codes["values"].each([&](const read::value& code) { pattern.codes.push_back(code.number()); });
    out.exit_codes = std::move(pattern);
  }
  out.conditions = in["onPodConditions"].list(parse_condition_pattern);
  return out;
}

success_rule parse_success_rule(read::value in) {
  success_rule out;
  if (const read::value indexes = in["succeededIndexes"]) out.indexes = indexes.text();
  out.count = in["succeededCount"].maybe_number();
  return out;
}

job_status_view parse_status(const read::value& in) {
  job_status_view out;
  out.active = in["active"].number();
  out.ready = in["ready"].maybe_number();
  out.terminating = in["terminating"].maybe_number();
  out.succeeded = in["succeeded"].number();
  out.failed = in["failed"].number();
  out.completed_indexes = in["completedIndexes"].text();
  if (const read::value failed = in["failedIndexes"]) out.failed_indexes = failed.text();
  out.uncounted_succeeded = in["uncountedTerminatedPods"]["succeeded"].texts();
  out.uncounted_failed = in["uncountedTerminatedPods"]["failed"].texts();
  out.started = in["startTime"].time();
  out.completed = in["completionTime"].time();
  out.conditions = in["conditions"].list(parse_condition);
  return out;
}

} // namespace

bool job_status_view::is(std::string_view condition) const {
  const condition_view* const found = find_condition(conditions, condition);
  return found != nullptr && found->status == "True";
}

job_view parse_job(std::string_view canonical_text) {
  const read::value object = read::document(canonical_text);
  const read::value spec = object["spec"];
  job_view out;
  out.meta = parse_meta(object);
  out.parallelism = spec["parallelism"].number(1);
  out.completions = spec["completions"].maybe_number();
  out.indexed = spec["completionMode"].view() == "Indexed";
  out.suspended = spec["suspend"].flag();
  out.backoff_limit = spec["backoffLimit"].number(6);
  out.backoff_limit_per_index = spec["backoffLimitPerIndex"].maybe_number();
  out.max_failed_indexes = spec["maxFailedIndexes"].maybe_number();
  out.active_deadline_s = spec["activeDeadlineSeconds"].maybe_number();
  out.ttl_after_finished_s = spec["ttlSecondsAfterFinished"].maybe_number();
  out.replaces_only_failed = spec["podReplacementPolicy"].view() == "Failed";
  out.restarts_containers = spec["template"]["spec"]["restartPolicy"].view() == "OnFailure";
  out.failure_rules = spec["podFailurePolicy"]["rules"].list(parse_failure_rule);
  out.success_rules = spec["successPolicy"]["rules"].list(parse_success_rule);
  out.managed_by = spec["managedBy"].text();
  out.selector = parse_label_selector(spec["selector"]);
  out.pod_template = parse_pod_template(spec["template"]);
  out.status = parse_status(object["status"]);
  return out;
}

} // namespace actord::schema
