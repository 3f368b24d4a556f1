#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/policy/disruption_reconciler.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/write/scale.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

/// Keys are budgets.
class disruption_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "disruption"; }
  [[nodiscard]] std::vector<resource_id> watches() const override {
    return {budgets_, pods_, sets_, deployments_, stateful_sets_, controllers_};
  }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, budgets_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == budgets_) {
      if (event.kind != storage::event_kind::removed) keys.push_back(event.key);
      return;
    }
    // How many there should be may have changed: that concerns whoever selects the pods.
    const bool pod = event.key.resource == pods_;
    each_object(now, budgets_, event.key.space, [&](const schema::object_view& budget) {
      if (!pod || selects_either(budget, event)) keys.push_back(budget.key());
    });
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto budget = read_view(input.state, input.key, schema::parse_budget);
    if (!budget || budget->view.meta.being_deleted()) return {};
    budget_state state{.key = input.key, .budget = std::move(*budget), .pods = {}};
    const schema::selector_view& selector = state.budget.view.selector;
    each_object(input.state, pods_, input.key.space, [&](const schema::object_view& pod) {
      if (selector.matches(labels_of(pod))) state.pods.push_back(facts_of(input.state, pod));
    });
    return actors::reconcile(state, input.now);
  }

private:
  static bool selects_either(const schema::object_view& budget, const storage::store_event& event) {
    const schema::selector_view selector = schema::parse_budget(budget.text()).selector;
    for (const shared_bytes& bytes : {event.value, event.previous}) {
      if (!bytes) continue;
      const auto pod = schema::object_view::open(*bytes);
      if (pod && selector.matches(labels_of(pod.value()))) return true;
    }
    return false;
  }

  [[nodiscard]] bool keeps_up_a_number(resource_id resource) const {
    return resource == sets_ || resource == stateful_sets_ || resource == controllers_ ||
           resource == deployments_;
  }

  [[nodiscard]] budget_pod facts_of(const storage::snapshot& now, const schema::object_view& pod) const {
    budget_pod facts{.name = std::string(pod.name()),
                     .ready = pod.pod_ready(),
                     .being_deleted = pod.being_deleted(),
                     .scaled_by = {},
                     .scale = 0,
                     .scale_unknown = false};
    for (const schema::owner_reference& owner : pod.owners())
      if (owner.controller) find_scale(now, owner, std::string(pod.space()), facts);
    return facts;
  }

  /// What the scale subresource of a custom kind says.
  static std::optional<std::int64_t> custom_scale(resource_id resource, const schema::object_view& object) {
    const schema::resource_handle type = schema::resource_of(resource);
    if (type == nullptr || type->custom == nullptr || type->subresource("scale") == nullptr) return {};
    const json scale = schema::scale_of(*type, object.to_json(*type));
    return scale.value("/spec/replicas"_json_pointer, std::int64_t{0});
  }

  /// What a Deployment's ReplicaSet should have is the Deployment's to say.
  void find_scale(const storage::snapshot& now, const schema::owner_reference& owner,
                  const std::string& space, budget_pod& facts) const {
    const auto object = schema::object_view::open(now.get({owner.resource, space, owner.name}));
    const bool there = object && object->uid() == owner.uid;
    if (!there || !keeps_up_a_number(owner.resource)) {
      const auto custom = there ? custom_scale(owner.resource, *object) : std::nullopt;
      facts.scale_unknown = !custom;
      facts.scaled_by = custom ? owner.uid : std::string();
      facts.scale = custom.value_or(0);
      return;
    }
    if (owner.resource == sets_)
      for (const schema::owner_reference& above : object->owners())
        if (above.controller && above.resource == deployments_) return find_scale(now, above, space, facts);
    facts.scaled_by = owner.uid;
    facts.scale = schema::parse_replicas(object->text());
  }

  const resource_id budgets_ = schema::builtin("policy", "poddisruptionbudgets").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
  const resource_id sets_ = schema::builtin("apps", "replicasets").id;
  const resource_id deployments_ = schema::builtin("apps", "deployments").id;
  const resource_id stateful_sets_ = schema::builtin("apps", "statefulsets").id;
  const resource_id controllers_ = schema::builtin("", "replicationcontrollers").id;
};

} // namespace

std::unique_ptr<controller_kind> disruption_controller() { return std::make_unique<disruption_kind>(); }

} // namespace actord::actors
