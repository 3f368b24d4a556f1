#include "actors/controllers/apps/replica_set_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/ownership.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

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
    adopters_of(event, now, sets_, parse_, keys);
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
    const schema::owner_view owner = controller_reference(set.api_version, set.kind, set.meta);
    std::int64_t active = 0;
    each_controlled(now, pods_, set.meta.uid, [&](const schema::object_view& pod) {
      state.pods.push_back(facts_of(pod, owner));
      if (state.pods.back().active()) ++active;
      if (!set.selector.matches(state.pods.back().meta.labels)) add_details(state.pods.back(), pod);
    });
    if (set.min_ready_s > 0 || active > set.replicas)
      for (replica_pod& pod : state.pods)
        if (const auto object = schema::object_view::open(now.get({pods_, state.key.space, pod.meta.name})))
          add_details(pod, object.value());
    each_orphan(now, pods_, state.key.space, set.selector, [&](const schema::object_view& pod) {
      state.pods.push_back(facts_of(pod, owner));
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
