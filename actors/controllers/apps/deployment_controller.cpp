#include "actors/controllers/apps/deployment_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

class deployment_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "deployment"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {deployments_, sets_, pods_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, deployments_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == deployments_) {
      keys.push_back(event.key);
    } else if (event.key.resource == sets_) {
      const std::size_t before = keys.size();
      controllers_of(event, deployments_, keys);
      if (keys.size() == before && event.kind != storage::event_kind::removed) matching(event, now, keys);
    } else if (event.kind == storage::event_kind::removed) {
      // The end of an old pod may be what a Recreate waits for.
      const auto set = controller_key(*event.value, sets_);
      const auto owner = set ? controller_key(now.get(*set), deployments_) : std::nullopt;
      if (owner) keys.push_back(*owner);
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto deployment = read_view(input.state, input.key, schema::parse_deployment);
    if (!deployment) return {};
    deployment_state state;
    state.key = input.key;
    state.deployment = std::move(*deployment);
    read_sets(input.state, state);
    return actors::reconcile(state, input.now);
  }

private:
  /// A set nobody owns concerns every Deployment that would adopt it.
  void matching(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const {
    const auto set = schema::object_view::open(*event.value);
    if (!set || !set->controller_uid().empty()) return;
    const schema::text_map labels = labels_of(set.value());
    each_object(now, deployments_, event.key.space, [&](const schema::object_view& deployment) {
      if (schema::parse_deployment(deployment.text()).selector.matches(labels))
        keys.push_back(deployment.key());
    });
  }

  void read_sets(const storage::snapshot& now, deployment_state& state) const {
    const schema::deployment_view& deployment = state.deployment.view;
    const auto take = [&](const schema::object_view& set) {
      state.sets.push_back({schema::parse_replica_set(set.text()), set.at()});
    };
    each_controlled(now, sets_, deployment.meta.uid, take);
    each_orphan(now, sets_, state.key.space, deployment.selector, take);
    state.name_taken = is_taken(now, state);
    if (deployment.recreate) state.old_pods_live = has_old_pods(now, state);
  }

  /// By somebody else's set, or by one of ours for another template: the hash was not unique.
  [[nodiscard]] bool is_taken(const storage::snapshot& now, const deployment_state& state) const {
    const schema::deployment_view& deployment = state.deployment.view;
    const auto holder =
        read_view(now, {sets_, state.key.space, replica_set_name(deployment)}, schema::parse_replica_set);
    return holder && !same_template(deployment.pod_template, holder->view.pod_template);
  }

  [[nodiscard]] bool has_old_pods(const storage::snapshot& now, const deployment_state& state) const {
    for (const auto& set : state.sets) {
      if (same_template(state.deployment.view.pod_template, set.view.pod_template)) continue;
      for (const object_key& key : now.owned_by(set.view.meta.uid)) {
        if (key.resource != pods_) continue;
        const auto pod = schema::object_view::open(now.get(key));
        if (pod && pod->pod_phase() != "Succeeded" && pod->pod_phase() != "Failed") return true;
      }
    }
    return false;
  }

  const resource_id deployments_ = schema::builtin("apps", "deployments").id;
  const resource_id sets_ = schema::builtin("apps", "replicasets").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
};

} // namespace

std::unique_ptr<controller_kind> deployment_controller() { return std::make_unique<deployment_kind>(); }

} // namespace actord::actors
