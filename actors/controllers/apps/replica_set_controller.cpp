#include "actors/controllers/apps/replica_set_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/pod_view.hpp"

#include <charconv>

namespace actord::actors {

namespace {

constexpr std::string_view cost_annotation = "controller.kubernetes.io/pod-deletion-cost";

replica_pod facts_of(const schema::object_view& pod, const schema::replica_set_view& set) {
  replica_pod out;
  out.meta.name = pod.name();
  out.meta.space = pod.space();
  out.meta.uid = pod.uid();
  out.meta.labels = labels_of(pod);
  out.meta.created = pod.creation_time();
  if (pod.being_deleted()) out.meta.deletion = pod.deletion_time();
  if (pod.controller_uid() == set.meta.uid)
    out.meta.owners.push_back(
        {std::string(set.api_version), std::string(set.kind), set.meta.name, set.meta.uid, true, true});
  out.at = pod.at();
  out.node_name = pod.node_name();
  out.phase = pod.pod_phase();
  out.ready = pod.pod_ready();
  return out;
}

/// What the envelope does not tell. `meta` becomes whole, with all owners.
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

/// ReplicaSets, and ReplicationControllers, which differ in nothing that matters here.
class replica_set_kind final : public controller_kind {
public:
  using parser = schema::replica_set_view (*)(std::string_view canonical_text);

  replica_set_kind(std::string_view name, resource_id sets, parser parse)
      : name_(name), parse_(parse), sets_(sets) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {sets_, pods_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, sets_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == sets_) {
      keys.push_back(event.key);
      return;
    }
    const std::size_t before = keys.size();
    controllers_of(event, sets_, keys);
    if (keys.size() > before || event.kind == storage::event_kind::removed) return;
    const auto pod = schema::object_view::open(*event.value);
    if (!pod || !pod->controller_uid().empty()) return;
    // A pod nobody owns concerns every set that would adopt it.
    const schema::text_map labels = labels_of(pod.value());
    if (labels.empty()) return;
    each_object(now, sets_, event.key.space, [&](const schema::object_view& set) {
      if (parse_(set.text()).selector.matches(labels)) keys.push_back(set.key());
    });
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto set = read_view(input.state, input.key, parse_);
    if (!set) return {};
    replica_set_state state;
    state.key = input.key;
    state.set = std::move(*set);
    if (input.refused_before != nullptr) state.refusal = input.refused_before->message;
    read_pods(input.state, state);
    return actors::reconcile(state, input.now);
  }

private:
  void read_pods(const storage::snapshot& now, replica_set_state& state) const {
    const schema::replica_set_view& set = state.set.view;
    std::int64_t active = 0;
    for (const object_key& key : now.owned_by(set.meta.uid)) {
      if (key.resource != pods_) continue;
      const auto pod = schema::object_view::open(now.get(key));
      if (!pod || pod->controller_uid() != set.meta.uid) continue;
      state.pods.push_back(facts_of(pod.value(), set));
      if (state.pods.back().active()) ++active;
      if (!set.selector.matches(state.pods.back().meta.labels)) add_details(state.pods.back(), pod.value());
    }
    if (set.min_ready_s > 0 || active > set.replicas)
      for (replica_pod& pod : state.pods)
        if (const auto object = schema::object_view::open(now.get({pods_, state.key.space, pod.meta.name})))
          add_details(pod, object.value());
    each_orphan(now, pods_, state.key.space, set.selector, [&](const schema::object_view& pod) {
      state.pods.push_back(facts_of(pod, set));
      add_details(state.pods.back(), pod);
    });
  }

  const std::string_view name_;
  const parser parse_;
  const resource_id sets_;
  const resource_id pods_ = schema::builtin("", "pods").id;
};

} // namespace

std::unique_ptr<controller_kind> replica_set_controller() {
  return std::make_unique<replica_set_kind>("replicaset", schema::builtin("apps", "replicasets").id,
                                            schema::parse_replica_set);
}

std::unique_ptr<controller_kind> replication_controller() {
  return std::make_unique<replica_set_kind>("replicationcontroller",
                                            schema::builtin("", "replicationcontrollers").id,
                                            schema::parse_replication_controller);
}

} // namespace actord::actors
