#include "schema/print/label_text.hpp"
#include "schema/print/printer_table.hpp"
#include "schema/value/api_time.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace actord::schema::print {
namespace {

const json& template_containers(const json& object) {
  return at(object, {"spec", "template", "spec", "containers"});
}

std::string ready_of(std::int64_t ready, const json& wanted) {
  return fmt::format("{}/{}", ready, number(wanted));
}

} // namespace

void print_deployment(const row_writer& row) {
  const json& object = row.object;
  row.add(name_of(object),
          ready_of(number(at(object, {"status", "readyReplicas"})), at(object, {"spec", "replicas"})),
          number(at(object, {"status", "updatedReplicas"})),
          number(at(object, {"status", "availableReplicas"})), age(row));
  add_containers(row, template_containers(object));
  row.add(selector_text(at(object, {"spec", "selector"})));
}

void print_replica_set(const row_writer& row) {
  const json& object = row.object;
  row.add(name_of(object), number(at(object, {"spec", "replicas"})),
          number(at(object, {"status", "replicas"})), number(at(object, {"status", "readyReplicas"})),
          age(row));
  add_containers(row, template_containers(object));
  row.add(selector_or_none(at(object, {"spec", "selector"})));
}

void print_replication_controller(const row_writer& row) {
  const json& object = row.object;
  row.add(name_of(object), number(at(object, {"spec", "replicas"})),
          number(at(object, {"status", "replicas"})), number(at(object, {"status", "readyReplicas"})),
          age(row));
  add_containers(row, template_containers(object));
  row.add(labels_or_none(at(object, {"spec", "selector"})));
}

void print_stateful_set(const row_writer& row) {
  const json& object = row.object;
  row.add(name_of(object),
          ready_of(number(at(object, {"status", "readyReplicas"})), at(object, {"spec", "replicas"})),
          age(row));
  add_containers(row, template_containers(object));
}

void print_daemon_set(const row_writer& row) {
  const json& object = row.object;
  row.add(name_of(object));
  for (const char* member : {"desiredNumberScheduled", "currentNumberScheduled", "numberReady",
                             "updatedNumberScheduled", "numberAvailable"})
    row.add(number(at(object, {"status", member})));
  row.add(labels_or_none(at(object, {"spec", "template", "spec", "nodeSelector"})), age(row));
  add_containers(row, template_containers(object));
  row.add(selector_or_none(at(object, {"spec", "selector"})));
}

namespace {

std::string job_status(const json& job) {
  const auto holds = [&](const char* type) { return text(at(condition(job, type), {"status"})) == "True"; };
  if (holds("Complete")) return "Complete";
  if (holds("Failed")) return "Failed";
  if (being_deleted(job)) return "Terminating";
  for (const char* type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"})
    if (holds(type)) return type;
  return "Running";
}

std::string job_completions(const json& job) {
  const std::int64_t succeeded = number(at(job, {"status", "succeeded"}));
  const json& wanted = at(job, {"spec", "completions"});
  if (!wanted.is_null()) return fmt::format("{}/{}", succeeded, number(wanted));
  const std::int64_t parallelism = number(at(job, {"spec", "parallelism"}));
  return parallelism > 1 ? fmt::format("{}/1 of {}", succeeded, parallelism) : fmt::format("{}/1", succeeded);
}

std::string job_duration(const row_writer& row) {
  const auto started = parse_time(text(at(row.object, {"status", "startTime"})));
  if (!started) return {};
  const auto completed = parse_time(text(at(row.object, {"status", "completionTime"})));
  return human_duration(completed.value_or(row.now) - *started);
}

} // namespace

void print_job(const row_writer& row) {
  row.add(name_of(row.object), job_status(row.object), job_completions(row.object), job_duration(row),
          age(row));
  add_containers(row, template_containers(row.object));
  row.add(selector_or_none(at(row.object, {"spec", "selector"})));
}

void print_cron_job(const row_writer& row) {
  const json& object = row.object;
  const json& suspend = at(object, {"spec", "suspend"});
  const std::string last = text(at(object, {"status", "lastScheduleTime"}));
  row.add(name_of(object), text(at(object, {"spec", "schedule"})),
          text_or(at(object, {"spec", "timeZone"}), "<none>"),
          suspend.is_null() ? "<unset>"
          : truth(suspend)  ? "True"
                            : "False",
          count(at(object, {"status", "active"})),
          last.empty() ? std::string("<none>") : age_of(last, row.now), age(row));
  const json& job = at(object, {"spec", "jobTemplate", "spec"});
  add_containers(row, at(job, {"template", "spec", "containers"}));
  row.add(selector_or_none(at(job, {"selector"})));
}

void print_pod_template(const row_writer& row) {
  row.add(name_of(row.object));
  add_containers(row, at(row.object, {"template", "spec", "containers"}));
  row.add(labels_or_none(at(row.object, {"template", "metadata", "labels"})));
}

void print_controller_revision(const row_writer& row) {
  std::string owner = "<none>";
  const json& references = at(row.object, {"metadata", "ownerReferences"});
  if (references.is_array())
    for (const json& reference : references) {
      if (!truth(at(reference, {"controller"}))) continue;
      const std::string version = text(at(reference, {"apiVersion"}));
      const auto slash = version.find('/');
      owner = text(at(reference, {"kind"}));
      std::ranges::transform(owner, owner.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (slash != std::string::npos) owner += "." + version.substr(0, slash);
      owner += "/" + text(at(reference, {"name"}));
    }
  row.add(name_of(row.object), owner, number(at(row.object, {"revision"})), age(row));
}

void print_pod_disruption_budget(const row_writer& row) {
  const json& object = row.object;
  row.add(name_of(object), text_or(at(object, {"spec", "minAvailable"}), "N/A"),
          text_or(at(object, {"spec", "maxUnavailable"}), "N/A"),
          number(at(object, {"status", "disruptionsAllowed"})), age(row));
}

namespace {

std::string measured(const json& value) { return text_or(value, "0"); }

/// "current/target" of one metric; `current` is null while nothing was measured.
std::string metric_text(const json& spec, const json& status) {
  const std::string type = text(at(spec, {"type"}));
  const char* source = type == "External"            ? "external"
                       : type == "Pods"              ? "pods"
                       : type == "Object"            ? "object"
                       : type == "Resource"          ? "resource"
                       : type == "ContainerResource" ? "containerResource"
                                                     : nullptr;
  if (source == nullptr) return "<unknown type>";
  const json& target = at(spec, {source, "target"});
  const json& current = at(status, {source, "current"});
  const bool has_status = !at(status, {source}).is_null();
  const std::string average = text(at(target, {"averageValue"}));
  if (type == "Pods")
    return fmt::format("{}/{}", has_status ? measured(at(current, {"averageValue"})) : "<unknown>", average);
  if (type == "Resource" || type == "ContainerResource") {
    const std::string name = text(at(spec, {source, "name"}));
    if (!average.empty())
      return fmt::format("{}: {}/{}", name,
                         has_status ? measured(at(current, {"averageValue"})) : "<unknown>", average);
    const auto percent = [](const json& value, std::string_view otherwise) {
      return value.is_null() ? std::string(otherwise) : fmt::format("{}%", number(value));
    };
    return fmt::format("{}: {}/{}", name, percent(at(current, {"averageUtilization"}), "<unknown>"),
                       percent(at(target, {"averageUtilization"}), "<auto>"));
  }
  if (!average.empty())
    return fmt::format("{}/{} (avg)", text_or(at(current, {"averageValue"}), "<unknown>"), average);
  return fmt::format("{}/{}", has_status ? measured(at(current, {"value"})) : "<unknown>",
                     measured(at(target, {"value"})));
}

} // namespace

void print_horizontal_pod_autoscaler(const row_writer& row) {
  const json& object = row.object;
  const json& metrics = at(object, {"spec", "metrics"});
  const json& statuses = at(object, {"status", "currentMetrics"});
  std::vector<std::string> list;
  for (std::size_t i = 0; metrics.is_array() && i < metrics.size(); ++i)
    list.push_back(
        metric_text(metrics[i], statuses.is_array() && i < statuses.size() ? statuses[i] : json()));
  const json& target = at(object, {"spec", "scaleTargetRef"});
  row.add(name_of(object), text(at(target, {"kind"})) + "/" + text(at(target, {"name"})),
          list.empty() ? "<none>" : joined_with_more(list, 2, ", "),
          text_or(at(object, {"spec", "minReplicas"}), "<unset>"),
          number(at(object, {"spec", "maxReplicas"})), number(at(object, {"status", "currentReplicas"})),
          age(row));
}

} // namespace actord::schema::print
