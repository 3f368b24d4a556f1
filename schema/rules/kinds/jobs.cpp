#include "schema/base/json.hpp"
#include "schema/cron/cron_schedule.hpp"
#include "schema/cron/time_zone.hpp"
#include "schema/rules/checks/checks.hpp"
#include "schema/rules/checks/defaults.hpp"
#include "schema/rules/checks/go_value.hpp"
#include "schema/rules/kinds/kinds.hpp"
#include "schema/rules/pod/pod_defaults.hpp"
#include "schema/rules/pod/pod_validation.hpp"
#include "schema/rules/pod/pod_warnings.hpp"
#include "schema/rules/strategy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace actord::schema::rules {

namespace {

// Job

void default_job_spec(json& spec) {
  const field place(spec);
  if (!place.contains("completions") && !place.contains("parallelism")) spec["completions"] = 1;
  fill(spec, "parallelism", 1);
  fill(spec, "backoffLimit", place.contains("backoffLimitPerIndex") ? 2147483647 : 6);
  fill(spec, "completionMode", "NonIndexed");
  fill(spec, "suspend", false);
  fill(spec, "podReplacementPolicy", place.contains("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
  fill(spec, "manualSelector", false);
  fill_constants(spec, {{"podFailurePolicy.rules[].onPodConditions[].status", "\"True\"", true}});
  default_pod_template(open_member(spec, "template"));
}

void default_job(json& object) {
  json& spec = open_member(object, "spec");
  default_job_spec(spec);
  const json labels = field(spec).at("template").at("metadata").at("labels").value();
  if (labels.is_object()) fill_zero(open_member(object, "metadata"), "labels", labels);
}

/// A job finds its pods by its own uid, unless it says how itself.
void generate_selector(json& object) {
  const field metadata = field(object).at("metadata");
  const std::string name(metadata.at("name").text());
  const std::string uid(metadata.at("uid").text());
  json& spec = open_member(object, "spec");
  json& labels = open_member(open_member(open_member(spec, "template"), "metadata"), "labels");
  const bool shared = same(object["metadata"].value("labels", json()), labels);
  for (const char* key : {"job-name", "batch.kubernetes.io/job-name"}) fill(labels, key, name);
  for (const char* key : {"controller-uid", "batch.kubernetes.io/controller-uid"}) fill(labels, key, uid);
  // Labels that were taken over from the template stay in step with it.
  if (shared) object["metadata"]["labels"] = labels;
  fill(open_member(open_member(spec, "selector"), "matchLabels"), "batch.kubernetes.io/controller-uid", uid);
}

void prepare_job_create(json& object, const rule_context& context) {
  if (!field(object).at("spec").at("manualSelector").truth()) generate_selector(object);
  prepare_create_as_usual(object, context);
}

void check_failure_codes(const field& codes, const std::set<std::string_view>& containers,
                         field_errors& errors) {
  const field operation = codes.at("operator");
  if (require(operation, errors, "valid values: [\"In\" \"NotIn\"]"))
    one_of(operation, {"In", "NotIn"}, errors);
  const field name = codes.at("containerName");
  if (name.present() && !containers.contains(name.text()))
    errors.invalid(name, name.text(),
                   "must be one of the container or initContainer names in the pod template");
  const field values = codes.at("values");
  if (values.zero())
    errors.invalid(values, values.value(), "at least one value is required");
  else if (values.size() > 255)
    errors.too_many(values, values.size(), 255);
  std::set<std::int64_t> seen;
  bool ordered = true;
  for (std::size_t index = 0; index < values.size(); ++index) {
    const field value = values.item(index);
    if (operation.text() == "In" && value.integer() == 0)
      errors.invalid(value, 0, "must not be 0 for the In operator");
    if (!seen.insert(value.integer()).second) errors.duplicate(value, value.integer());
    ordered = ordered && (index == 0 || values.item(index - 1).integer() <= value.integer());
  }
  if (!ordered) errors.invalid(values, values.value(), "must be ordered");
}

void check_failure_rule(const field& rule, bool per_index, const std::set<std::string_view>& containers,
                        field_errors& errors) {
  const field action = rule.at("action");
  if (action.zero())
    errors.required(action, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
  else if (action.text() == "FailIndex") {
    if (!per_index) errors.invalid(action, action.text(), "requires the backoffLimitPerIndex to be set");
  } else
    one_of(action, {"Count", "FailIndex", "FailJob", "Ignore"}, errors);
  const field codes = rule.at("onExitCodes");
  const field conditions = rule.at("onPodConditions");
  if (codes.present()) check_failure_codes(codes, containers, errors);
  if (conditions.size() > 20) errors.too_many(conditions, conditions.size(), 20);
  for (const field pattern : conditions.items()) {
    check_format(pattern.at("type"), label_key, errors);
    if (require(pattern.at("status"), errors, "valid values: [\"False\" \"True\" \"Unknown\"]"))
      one_of(pattern.at("status"), {"False", "True", "Unknown"}, errors);
  }
  if (codes.present() && !conditions.zero())
    errors.invalid_without_value(rule, "specifying both OnExitCodes and OnPodConditions is not supported");
  if (!codes.present() && conditions.zero())
    errors.invalid_without_value(rule, "specifying one of OnExitCodes and OnPodConditions is required");
}

void check_failure_policy(const field& spec, field_errors& errors) {
  const field rules = spec.at("podFailurePolicy").at("rules");
  if (rules.size() > 20) errors.too_many(rules, rules.size(), 20);
  std::set<std::string_view> containers;
  for (const std::string_view list : {"containers", "initContainers"})
    for (const field container : spec.at("template").at("spec").at(list).items())
      containers.insert(container.at("name").text());
  for (const field rule : rules.items())
    check_failure_rule(rule, spec.contains("backoffLimitPerIndex"), containers, errors);
}

/// Reads an index below `completions`; what is wrong otherwise.
std::string read_index(std::string_view text, std::int64_t completions, std::int64_t& index) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (failed != std::errc{} || end != text.data() + text.size())
    return fmt::format("cannot convert string to integer for index: {}", go_quoted(text));
  return index >= completions ? fmt::format("too large index: {}", go_quoted(text)) : std::string{};
}

/// "1,3-5": the number of indexes; what is wrong otherwise.
std::string count_indexes(std::string_view text, std::int64_t completions, std::int64_t& total) {
  std::int64_t last = -1;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (std::ranges::count(part, '-') > 1)
      return fmt::format(
          "the fragment {} violates the requirement that an index interval can have at most two parts "
          "separated by '-'",
          go_quoted(part));
    const std::size_t dash = part.find('-');
    std::int64_t first = 0;
    if (auto wrong = read_index(part.substr(0, dash), completions, first); !wrong.empty()) return wrong;
    std::int64_t end = first;
    if (dash != std::string_view::npos) {
      if (auto wrong = read_index(part.substr(dash + 1), completions, end); !wrong.empty()) return wrong;
      if (first >= end) return fmt::format("non-increasing order, previous: {}, current: {}", first, end);
    }
    if (last >= first) return fmt::format("non-increasing order, previous: {}, current: {}", last, first);
    total += end - first + 1;
    last = end;
  }
  return {};
}

void check_success_policy(const field& spec, field_errors& errors) {
  const field policy = spec.at("successPolicy");
  if (spec.at("completionMode").text() != "Indexed")
    return errors.invalid(policy, as_structure("io.k8s.api.batch.v1.SuccessPolicy", policy.value()),
                          "requires indexed completion mode");
  const field rules = policy.at("rules");
  const std::int64_t completions = spec.at("completions").integer();
  require(rules, errors, "at least one rules must be specified when the successPolicy is specified");
  if (rules.size() > 20) errors.too_many(rules, rules.size(), 20);
  for (const field rule : rules.items()) {
    const field count = rule.at("succeededCount");
    const field indexes = rule.at("succeededIndexes");
    if (!count.present() && !indexes.present())
      errors.required(rule, "at least one of succeededCount or succeededIndexes must be specified");
    std::int64_t total = 0;
    if (indexes.present()) {
      constexpr std::size_t most_bytes = 65536;
      if (indexes.text().size() > most_bytes) errors.too_long(indexes, most_bytes);
      if (const std::string wrong = count_indexes(indexes.text(), completions, total); !wrong.empty())
        errors.invalid(indexes, indexes.text(), "error parsing succeededIndexes: " + wrong);
    }
    if (!count.present()) continue;
    at_least(count, 0, errors);
    if (count.integer() > completions)
      errors.invalid(
          count, count.integer(),
          fmt::format("must be less than or equal to {} (the number of specified completions)", completions));
    if (indexes.present() && count.integer() > total)
      errors.invalid(count, count.integer(),
                     fmt::format("must be less than or equal to {} (the number of indexes in the specified "
                                 "succeededIndexes field)",
                                 total));
  }
}

void check_indexed(const field& spec, field_errors& errors) {
  constexpr std::int64_t most = 100'000;
  constexpr std::int64_t most_when_many = 10'000;
  const field completions = spec.at("completions");
  const field parallelism = spec.at("parallelism");
  const field failed = spec.at("maxFailedIndexes");
  if (!completions.present()) errors.required(completions, "when completion mode is Indexed");
  if (parallelism.integer() > most)
    errors.invalid(parallelism, parallelism.integer(),
                   fmt::format("must be less than or equal to {} when completion mode is Indexed", most));
  if (completions.present() && failed.integer() > completions.integer())
    errors.invalid(failed, failed.integer(), "must be less than or equal to completions");
  if (failed.integer() > most)
    errors.invalid(failed, failed.integer(), fmt::format("must be less than or equal to {}", most));
  if (completions.integer() <= most || !spec.contains("backoffLimitPerIndex")) return;
  if (!failed.present())
    errors.required(failed, fmt::format("must be specified when completions is above {}", most));
  for (const field& number : {parallelism, failed})
    if (number.integer() > most_when_many)
      errors.invalid(
          number, number.integer(),
          fmt::format("must be less than or equal to {} when completions are above {} and used with backoff "
                      "limit per index",
                      most_when_many, most));
}

void check_job_restarts(const field& spec, field_errors& errors) {
  const field restart = spec.at("template").at("spec").at("restartPolicy");
  const std::string_view text = restart.text();
  if (text.empty() || text == "Always")
    errors.required(restart, "valid values: \"OnFailure\", \"Never\"");
  else if (text != "OnFailure" && text != "Never")
    errors.not_supported(restart, text, {"OnFailure", "Never"});
  else if (spec.contains("podFailurePolicy") && text != "Never")
    errors.invalid(restart, text, "only \"Never\" is supported when podFailurePolicy is specified");
}

/// A job spec without its selector, as it also stands in a cron job.
void check_job_parts(const field& spec, field_errors& errors) {
  constexpr int manager_limit_bytes = 63;
  check_counts(spec,
               {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
                "ttlSecondsAfterFinished", "backoffLimitPerIndex"},
               errors);
  const field failed = spec.at("maxFailedIndexes");
  const field per_index = spec.at("backoffLimitPerIndex");
  if (failed.present()) {
    at_least(failed, 0, errors);
    if (!per_index.present()) errors.required(per_index, "when maxFailedIndexes is specified");
  }
  if (const field manager = spec.at("managedBy"); manager.present()) {
    check_domain_path(manager, errors);
    if (static_cast<int>(manager.text().size()) > manager_limit_bytes)
      errors.too_long(manager, manager_limit_bytes);
  }
  const field mode = spec.at("completionMode");
  if (mode.present()) one_of(mode, {"NonIndexed", "Indexed"}, errors);
  if (mode.text() == "Indexed") check_indexed(spec, errors);
  if (!mode.present() || mode.text() == "NonIndexed")
    for (const field& number : {per_index, failed})
      if (number.present()) errors.invalid(number, number.integer(), "requires indexed completion mode");
  const bool has_policy = spec.contains("podFailurePolicy");
  if (has_policy) check_failure_policy(spec, errors);
  if (spec.contains("successPolicy")) check_success_policy(spec, errors);
  if (const field replacement = spec.at("podReplacementPolicy"); replacement.present()) {
    if (has_policy)
      one_of(replacement, {"Failed"}, errors);
    else
      one_of(replacement, {"Failed", "TerminatingOrFailed"}, errors);
  }
  check_pod_template(spec.at("template"), errors);
  check_job_restarts(spec, errors);
}

void check_generated_selector(const field& job, field_errors& errors) {
  const field spec = job.at("spec");
  const field metadata = job.at("metadata");
  if (spec.at("manualSelector").truth() || !spec.at("selector").present()) return;
  const field labels = spec.at("template").at("metadata").at("labels");
  const std::array<std::pair<std::string_view, std::string_view>, 4> wanted{
      {{"controller-uid", metadata.at("uid").text()},
       {"job-name", metadata.at("name").text()},
       {"batch.kubernetes.io/controller-uid", metadata.at("uid").text()},
       {"batch.kubernetes.io/job-name", metadata.at("name").text()}}};
  json expected = json::object();
  for (const auto& [key, value] : wanted) {
    expected[std::string(key)] = value;
    const field label = labels.entry(key);
    if (!label.present())
      errors.required(label, fmt::format("must be '{}'", value));
    else if (label.text() != value)
      errors.invalid(label, labels.value(), fmt::format("must be '{}'", value));
  }
  const field selector = spec.at("selector");
  if (usable_selector(selector) && !selector_matches(selector, field(expected)))
    errors.invalid(selector, as_structure(label_selector_type, selector.value()),
                   "`selector` not auto-generated");
}

void check_job_spec(const field& spec, field_errors& errors) {
  check_job_parts(spec, errors);
  const field selector = spec.at("selector");
  if (!selector.present())
    errors.required(selector);
  else
    check_selector(selector, errors);
  const field labels = spec.at("template").at("metadata").at("labels");
  if (usable_selector(selector) && !selector_matches(selector, labels))
    errors.invalid(labels, labels.value(), "`selector` does not match template `labels`");
}

void check_job(const json& object, field_errors& errors, const rule_context&) {
  const field job(object);
  const field spec = job.at("spec");
  check_generated_selector(job, errors);
  check_job_spec(spec, errors);
  const std::int64_t completions = spec.at("completions").integer();
  if (spec.at("completionMode").text() != "Indexed" || completions <= 0) return;
  const field name = job.at("metadata").at("name");
  const std::string host = fmt::format("{}-{}", name.text(), completions - 1);
  if (!dns_label(host).empty())
    errors.invalid(name, name.text(), "will not able to create pod with invalid DNS label: " + host);
}

/// What of a template may change while the job waits to be started.
json startable_template(const json& old_template, const field& now) {
  json kept = old_template;
  json& metadata = open_member(kept, "metadata");
  for (const char* name : {"annotations", "labels"}) metadata[name] = now.at("metadata").at(name).value();
  json& spec = open_member(kept, "spec");
  for (const char* name : {"nodeSelector", "tolerations", "schedulingGates"})
    spec[name] = now.at("spec").at(name).value();
  const field affinity = now.at("spec").at("affinity").at("nodeAffinity");
  if (affinity.present() || field(spec).contains("affinity"))
    open_member(spec, "affinity")["nodeAffinity"] = affinity.value();
  for (const char* list : {"containers", "initContainers"}) {
    const field containers = now.at("spec").at(list);
    json* own = member(spec, list);
    if (own == nullptr || own->size() != containers.size()) continue;
    for (std::size_t index = 0; index < own->size(); ++index)
      if ((*own)[index].value("name", "") == containers.item(index).at("name").text())
        (*own)[index]["resources"] = containers.item(index).at("resources").value();
  }
  return kept;
}

void check_job_update(const json& object, const json& old, field_errors& errors,
                      const rule_context& context) {
  if (context.subresource == "status") return validate_metadata_update(object, old, errors, context);
  check_after_metadata<check_job>(object, errors, context);
  validate_metadata_update(object, old, errors, context);
  const field spec = field(object).at("spec");
  const field before = field(old).at("spec");
  check_job_spec(spec, errors);
  const field completions = spec.at("completions");
  const bool indexed = spec.at("completionMode").text() == "Indexed";
  if (!indexed)
    check_immutable(completions, before.at("completions"), errors);
  else if (completions.present() && !same(completions.value(), before.at("completions").value()) &&
           completions.integer() != spec.at("parallelism").integer())
    errors.invalid(completions, completions.value(), "can only be modified in tandem with spec.parallelism");
  check_immutable(spec.at("selector"), before.at("selector"), errors);
  const field status = field(old).at("status");
  const bool waiting =
      before.at("suspend").truth() && !status.contains("startTime") && status.at("active").zero();
  const field pod_template = spec.at("template");
  const json allowed = waiting ? startable_template(before.at("template").value(), pod_template)
                               : before.at("template").value();
  check_immutable(pod_template, field(allowed), errors);
  for (const std::string_view name :
       {"completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"})
    check_immutable(spec.at(name), before.at(name), errors);
}

// CronJob

void default_cron_job(json& object) {
  json& spec = open_member(object, "spec");
  fill_zero(spec, "concurrencyPolicy", "Allow");
  fill(spec, "suspend", false);
  fill(spec, "successfulJobsHistoryLimit", 3);
  fill(spec, "failedJobsHistoryLimit", 1);
  // The job's own defaults wait until it is made; its pods' do not.
  json& job = open_member(open_member(spec, "jobTemplate"), "spec");
  fill_constants(job, {{"podFailurePolicy.rules[].onPodConditions[].status", "\"True\"", true}});
  default_pod_template(open_member(job, "template"));
}

void check_time_zone(const field& zone, field_errors& errors) {
  if (!zone.present()) return;
  const std::string_view name = zone.text();
  if (name.empty()) return errors.invalid(zone, "", "timeZone must be nil or non-empty string");
  std::string lowered(name);
  std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lowered == "local")
    errors.invalid(zone, name,
                   "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  else if (!time_zone::find(name))
    errors.invalid(zone, name, fmt::format("unknown time zone {}", name));
}

void check_cron_spec(const field& spec, const field* old, field_errors& errors) {
  const field schedule = spec.at("schedule");
  const std::string_view text = schedule.text();
  if (schedule.zero())
    errors.required(schedule);
  else {
    if (const auto read = parse_schedule(text); !read) errors.invalid(schedule, text, read.error().message);
    const bool names_zone = text.find("TZ") != std::string_view::npos;
    const bool did = old != nullptr && old->at("schedule").text().find("TZ") != std::string_view::npos;
    if (names_zone && did && spec.contains("timeZone"))
      errors.invalid(schedule, text, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
    else if (names_zone && !did)
      errors.invalid(schedule, text, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  }
  check_counts(spec, {"startingDeadlineSeconds"}, errors);
  if (old == nullptr || !same(spec.at("timeZone").value(), old->at("timeZone").value()))
    check_time_zone(spec.at("timeZone"), errors);
  require_one_of(spec.at("concurrencyPolicy"), {"Allow", "Forbid", "Replace"}, errors);
  const field job = spec.at("jobTemplate").at("spec");
  check_job_parts(job, errors);
  if (const field selector = job.at("selector"); selector.present())
    errors.invalid(selector, as_structure(label_selector_type, selector.value()),
                   "`selector` will be auto-generated");
  if (const field manual = job.at("manualSelector"); manual.truth())
    errors.not_supported(manual, true, {"nil", "false"});
  check_counts(spec, {"successfulJobsHistoryLimit", "failedJobsHistoryLimit"}, errors);
}

void check_cron_job(const json& object, field_errors& errors, const rule_context&) {
  constexpr std::size_t longest_name = 52;
  check_cron_spec(field(object).at("spec"), nullptr, errors);
  const field name = field(object).at("metadata").at("name");
  if (name.text().size() > longest_name)
    errors.invalid(name, name.text(), "must be no more than 52 characters");
}

void check_cron_job_update(const json& object, const json& old, field_errors& errors,
                           const rule_context& context) {
  validate_metadata_update(object, old, errors, context);
  if (context.subresource == "status") return;
  const field before = field(old).at("spec");
  check_cron_spec(field(object).at("spec"), &before, errors);
}

} // namespace

constinit const kind_rules job_rules{.set_defaults = default_job,
                                     .prepare_create = prepare_job_create,
                                     .prepare_update = prepare_update_as_usual,
                                     .validate_create = check_after_metadata<check_job>,
                                     .validate_update = check_job_update,
                                     .warn = warn_of_workload};
constinit const kind_rules cron_job_rules{.set_defaults = default_cron_job,
                                          .prepare_create = prepare_create_as_usual,
                                          .prepare_update = prepare_update_as_usual,
                                          .validate_create = check_after_metadata<check_cron_job>,
                                          .validate_update = check_cron_job_update,
                                          .warn = warn_of_cron_job};

} // namespace actord::schema::rules
