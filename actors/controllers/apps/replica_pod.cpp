#include "actors/controllers/apps/replica_pod.hpp"

#include "actors/controllers/read_objects.hpp"
#include "schema/view/pod_view.hpp"

#include <algorithm>
#include <charconv>

namespace actord::actors {

namespace {

constexpr std::string_view cost_annotation = "controller.kubernetes.io/pod-deletion-cost";

} // namespace

replica_pod facts_of(const schema::object_view& pod, const schema::owner_view& controller) {
  replica_pod out;
  out.meta.name = pod.name();
  out.meta.space = pod.space();
  out.meta.uid = pod.uid();
  out.meta.labels = labels_of(pod);
  out.meta.created = pod.creation_time();
  if (pod.being_deleted()) out.meta.deletion = pod.deletion_time();
  if (pod.controller_uid() == controller.uid) out.meta.owners.push_back(controller);
  out.at = pod.at();
  out.node_name = pod.node_name();
  out.phase = pod.pod_phase();
  out.ready = pod.pod_ready();
  return out;
}

void add_details(replica_pod& out, const schema::object_view& pod) {
  schema::pod_view view = schema::parse_pod(pod.text());
  out.meta = std::move(view.meta);
  out.has_details = true;
  if (const auto* const ready = schema::find_condition(view.status.conditions, "Ready");
      ready != nullptr && ready->status == "True")
    out.ready_since = ready->transitioned;
  for (const auto& container : view.status.containers)
    out.restarts = std::max(out.restarts, container.restart_count);
  if (const auto cost = out.meta.annotations.find(cost_annotation); cost != out.meta.annotations.end())
    std::from_chars(cost->second.data(), cost->second.data() + cost->second.size(), out.deletion_cost);
}

bool available(const replica_pod& pod, std::int64_t min_ready_s, wall_time now) {
  if (!pod.ready) return false;
  return min_ready_s == 0 || (pod.ready_since && *pod.ready_since + std::chrono::seconds(min_ready_s) <= now);
}

std::optional<wall_time> available_at(const replica_pod& pod, std::int64_t min_ready_s, wall_time now) {
  if (!pod.ready || !pod.ready_since || available(pod, min_ready_s, now)) return std::nullopt;
  return *pod.ready_since + std::chrono::seconds(min_ready_s);
}

} // namespace actord::actors
