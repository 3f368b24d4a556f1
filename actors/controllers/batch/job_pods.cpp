#include "actors/controllers/batch/job_pods.hpp"

#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"

#include <algorithm>
#include <charconv>

namespace actord::actors {

namespace {

constexpr const char* index_annotation = "batch.kubernetes.io/job-completion-index";
constexpr const char* counted_annotation = "batch.kubernetes.io/job-index-failure-count";
constexpr const char* ignored_annotation = "batch.kubernetes.io/job-index-ignored-failure-count";

std::optional<std::int64_t> number_in(const schema::pod_view& pod, const char* annotation) {
  const auto found = pod.meta.annotations.find(annotation);
  if (found == pod.meta.annotations.end()) return std::nullopt;
  std::int64_t out = 0;
  const char* const end = found->second.data() + found->second.size();
  if (std::from_chars(found->second.data(), end, out).ptr != end || out < 0) return std::nullopt;
  return out;
}

void add_index_variable(json& spec) {
  const json variable{
      {"name", "JOB_COMPLETION_INDEX"},
      {"valueFrom",
       {{"fieldRef", {{"fieldPath", "metadata.annotations['" + std::string(index_annotation) + "']"}}}}}};
  for (const char* list : {"initContainers", "containers"}) {
    const auto found = spec.find(list);
    if (found == spec.end() || !found->is_array()) continue;
    for (json& container : *found) {
      json& env = container["env"];
      if (!env.is_array()) env = json::array();
      const bool there = std::any_of(env.begin(), env.end(), [](const json& one) {
        return one.value("name", "") == "JOB_COMPLETION_INDEX";
      });
      if (!there) env.push_back(variable);
    }
  }
}

} // namespace

json job_pod_body(const schema::job_view& job, const job_pod_order& order) {
  json body = json::parse(job.pod_template.text, nullptr, false);
  if (!body.is_object()) body = json::object();
  json meta = json::object();
  if (const auto given = body.find("metadata"); given != body.end() && given->is_object())
    for (const char* member : {"labels", "annotations", "finalizers"})
      if (const auto found = given->find(member); found != given->end()) meta[member] = *found;
  json& finalizers = meta["finalizers"];
  if (!finalizers.is_array()) finalizers = json::array();
  if (std::find(finalizers.begin(), finalizers.end(), tracking_finalizer) == finalizers.end())
    finalizers.push_back(tracking_finalizer);
  std::string prefix = job.meta.name + '-';
  json& spec = body["spec"];
  if (!spec.is_object()) spec = json::object();
  if (order.index) {
    const std::string index = std::to_string(*order.index);
    meta["annotations"][index_annotation] = index;
    meta["labels"][index_annotation] = index;
    spec["hostname"] = job.meta.name + '-' + index;
    prefix += index + '-';
    add_index_variable(spec);
  }
  if (order.failures) {
    meta["annotations"][counted_annotation] = std::to_string(order.failures->counted);
    if (order.failures->ignored > 0)
      meta["annotations"][ignored_annotation] = std::to_string(order.failures->ignored);
  }
  meta["generateName"] = prefix;
  meta["namespace"] = job.meta.space;
  meta["ownerReferences"] = json::array({to_json(controller_reference("batch/v1", "Job", job.meta))});
  body["apiVersion"] = "v1";
  body["kind"] = "Pod";
  body["metadata"] = std::move(meta);
  return body;
}

std::optional<std::int64_t> index_of(const schema::job_view& job, const schema::pod_view& pod) {
  const auto index = number_in(pod, index_annotation);
  return index && *index < job.completions.value_or(0) ? index : std::nullopt;
}

index_failures failures_before(const schema::pod_view& pod) {
  return {number_in(pod, counted_annotation).value_or(0), number_in(pod, ignored_annotation).value_or(0)};
}

wall_time ended_at(const schema::pod_view& pod) {
  std::optional<wall_time> last;
  for (const auto& container : pod.status.containers)
    if (container.state.terminated && container.state.terminated->finished)
      last = std::max(last.value_or(wall_time{}), *container.state.terminated->finished);
  if (last) return *last;
  if (pod.meta.deletion) return *pod.meta.deletion;
  const auto* const ready = schema::find_condition(pod.status.conditions, "Ready");
  if (ready != nullptr && ready->transitioned) return *ready->transitioned;
  return pod.meta.created.value_or(wall_time{});
}

std::int64_t restarts_of(const schema::pod_view& pod) {
  std::int64_t out = 0;
  for (const auto* const list : {&pod.status.init_containers, &pod.status.containers})
    for (const auto& container : *list) out += container.restart_count;
  return out;
}

std::chrono::seconds rest_after(std::int64_t failures) {
  constexpr std::chrono::seconds first{10}, longest{600};
  if (failures <= 0) return std::chrono::seconds(0);
  return failures > 7 ? longest : std::min(first * (std::int64_t{1} << (failures - 1)), longest);
}

} // namespace actord::actors
