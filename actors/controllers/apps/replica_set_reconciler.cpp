#include "actors/controllers/apps/replica_set_reconciler.hpp"

#include "actors/controllers/conditions.hpp"
#include "actors/controllers/ownership.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>
#include <bit>

namespace actord::actors {

namespace {

/// Pods created or removed in one round; the next follows as soon as all were answered.
constexpr std::size_t burst = 500;
constexpr std::string_view failure_type = "ReplicaFailure";

resource_id pod_resource() { return schema::builtin("", "pods").id; }

int phase_rank(std::string_view phase) {
  if (phase == "Pending") return 0;
  return phase == "Running" ? 2 : 1;
}

/// Ages compare by powers of two, so that scaling down does not always take the very youngest (KEP-2185).
int age_rank(wall_time since, wall_time now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - since).count();
  return seconds <= 0 ? 0 : std::bit_width(static_cast<std::uint64_t>(seconds));
}

bool has_labels(const schema::text_map& labels, const schema::text_map& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = labels.find(label.first);
    return found != labels.end() && found->second == label.second;
  });
}

schema::owner_view owner_of_pods(const schema::replica_set_view& set) {
  return controller_reference(set.api_version, set.kind, set.meta);
}

json pod_body(const replica_set_state& state) {
  const schema::replica_set_view& set = state.set.view;
  json body = json::parse(set.pod_template.text, nullptr, false);
  if (!body.is_object()) body = json::object();
  json meta = json::object();
  if (const auto given = body.find("metadata"); given != body.end())
    for (const char* member : {"labels", "annotations", "finalizers"})
      if (const auto found = given->find(member); found != given->end()) meta[member] = *found;
  meta["generateName"] = set.meta.name + '-';
  meta["namespace"] = state.key.space;
  meta["ownerReferences"] = json::array({to_json(owner_of_pods(set))});
  body["apiVersion"] = "v1";
  body["kind"] = "Pod";
  body["metadata"] = std::move(meta);
  return body;
}

struct pod_group {
  std::vector<const replica_pod*> active;
  std::size_t terminating = 0;
};

/// Ownership goes first: a round that adopts or releases counts again in the next.
pod_group claim_pods(const replica_set_state& state, plan& out) {
  const schema::replica_set_view& set = state.set.view;
  pod_group group;
  for (const replica_pod& pod : state.pods) {
    if (pod.finished()) continue;
    const object_key key{pod_resource(), state.key.space, pod.meta.name};
    switch (claim_of(pod.meta, set.meta.uid, !set.meta.being_deleted(), set.selector)) {
    case claim::ours:
      if (pod.active())
        group.active.push_back(&pod);
      else
        ++group.terminating;
      break;
    case claim::adopt:
      out.patch.push_back(adopt(key, pod.meta, pod.at, owner_of_pods(set)));
      break;
    case claim::release:
      out.patch.push_back(release(key, pod.meta, pod.at, set.meta.uid));
      break;
    case claim::none:
      break;
    }
  }
  return group;
}

void create_pods(const replica_set_state& state, std::size_t missing, plan& out) {
  // After a refusal (a quota, an admission rule) one pod tries whether it still holds.
  const std::size_t count = state.refusal.empty() ? std::min(missing, burst) : 1;
  const json body = pod_body(state);
  for (std::size_t i = 0; i < count; ++i)
    out.create.push_back({{pod_resource(), state.key.space, ""},
                          body,
                          "scale up to " + std::to_string(state.set.view.replicas),
                          planned_event{false, "SuccessfulCreate", "Created pod: {}"}});
}

void remove_pods(const replica_set_state& state, std::vector<const replica_pod*> active, std::size_t surplus,
                 wall_time now, plan& out) {
  std::map<std::string_view, std::size_t> ready_on;
  for (const replica_pod* const pod : active)
    if (pod->ready && !pod->node_name.empty()) ++ready_on[pod->node_name];
  const auto neighbours = [&](const replica_pod& pod) {
    const auto found = ready_on.find(pod.node_name);
    return found == ready_on.end() ? 0 : found->second;
  };
  std::stable_sort(active.begin(), active.end(), [&](const auto* left, const auto* right) {
    return goes_before(*left, neighbours(*left), *right, neighbours(*right), now);
  });
  for (std::size_t i = 0; i < std::min(surplus, burst); ++i)
    out.remove.push_back({{pod_resource(), state.key.space, active[i]->meta.name},
                          active[i]->meta.uid,
                          std::nullopt,
                          propagation::by_default,
                          "scale down to " + std::to_string(state.set.view.replicas),
                          planned_event{false, "SuccessfulDelete", "Deleted pod: " + active[i]->meta.name}});
}

schema::replica_set_status_view next_status(const replica_set_state& state, const pod_group& group,
                                            wall_time now) {
  const schema::replica_set_view& set = state.set.view;
  schema::replica_set_status_view out = set.status;
  out.observed_generation = set.meta.generation;
  out.replicas = static_cast<std::int64_t>(group.active.size());
  if (set.kind == "ReplicaSet") out.terminating = static_cast<std::int64_t>(group.terminating);
  out.fully_labeled = out.ready = out.available = 0;
  for (const replica_pod* const pod : group.active) {
    if (has_labels(pod->meta.labels, set.pod_template.labels)) ++out.fully_labeled;
    if (pod->ready) ++out.ready;
    if (available(*pod, set.min_ready_s, now)) ++out.available;
  }
  if (state.refusal.empty()) {
    remove_condition(out.conditions, failure_type);
  } else if (schema::find_condition(out.conditions, failure_type) == nullptr) {
    set_condition(out.conditions, {std::string(failure_type), "True",
                                   out.replicas < set.replicas ? "FailedCreate" : "FailedDelete",
                                   state.refusal, whole_seconds(now), std::nullopt, 0});
  }
  return out;
}

json status_patch(const schema::replica_set_view& set, const schema::replica_set_status_view& status) {
  const auto unless_zero = [](std::int64_t number) { return number == 0 ? json() : json(number); };
  json patch{{"status",
              {{"replicas", status.replicas},
               {"fullyLabeledReplicas", unless_zero(status.fully_labeled)},
               {"readyReplicas", unless_zero(status.ready)},
               {"availableReplicas", unless_zero(status.available)},
               {"observedGeneration", unless_zero(status.observed_generation)},
               {"conditions", status.conditions.empty() ? json() : to_json(status.conditions)}}}};
  if (set.kind == "ReplicaSet") patch["status"]["terminatingReplicas"] = status.terminating;
  return patch;
}

/// The earliest moment at which a ready pod has been so for long enough.
std::optional<wall_time> next_available(const pod_group& group, std::int64_t min_ready_s, wall_time now) {
  std::optional<wall_time> earliest;
  for (const replica_pod* const pod : group.active) {
    const auto when = available_at(*pod, min_ready_s, now);
    if (when && (!earliest || *when < *earliest)) earliest = when;
  }
  return earliest;
}

} // namespace

bool goes_before(const replica_pod& pod, std::size_t neighbours, const replica_pod& other,
                 std::size_t other_neighbours, wall_time now) {
  if (pod.node_name.empty() != other.node_name.empty()) return pod.node_name.empty();
  if (const int a = phase_rank(pod.phase), b = phase_rank(other.phase); a != b) return a < b;
  if (pod.ready != other.ready) return !pod.ready;
  if (pod.deletion_cost != other.deletion_cost) return pod.deletion_cost < other.deletion_cost;
  if (neighbours != other_neighbours) return neighbours > other_neighbours;
  if (pod.ready && pod.ready_since && other.ready_since)
    if (const int a = age_rank(*pod.ready_since, now), b = age_rank(*other.ready_since, now); a != b)
      return a < b;
  if (pod.restarts != other.restarts) return pod.restarts > other.restarts;
  if (pod.meta.created && other.meta.created)
    if (const int a = age_rank(*pod.meta.created, now), b = age_rank(*other.meta.created, now); a != b)
      return a < b;
  return pod.meta.uid < other.meta.uid;
}

plan reconcile(const replica_set_state& state, wall_time now) {
  const schema::replica_set_view& set = state.set.view;
  plan out;
  const pod_group group = claim_pods(state, out);
  const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(0, set.replicas));
  out.verdict = std::to_string(group.active.size()) + " of " + std::to_string(wanted) + " pods";
  if (out.acts())
    out.verdict += ", ownership first";
  else if (!set.meta.being_deleted()) {
    if (group.active.size() < wanted)
      create_pods(state, wanted - group.active.size(), out);
    else if (group.active.size() > wanted)
      remove_pods(state, group.active, group.active.size() - wanted, now, out);
  }
  const schema::replica_set_status_view status = next_status(state, group, now);
  if (status != set.status)
    out.patch.push_back(
        {state.key, "status", set.meta.uid, std::nullopt, status_patch(set, status), "status"});
  out.requeue_at = next_available(group, set.min_ready_s, now);
  return out;
}

} // namespace actord::actors
