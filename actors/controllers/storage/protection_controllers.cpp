#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "actors/controllers/storage/protection_reconciler.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/volume_use_view.hpp"

#include <algorithm>

/// Claims that pods use and volumes that claims are bound to outlive their deletion until they are free.

namespace actord::actors {

namespace {

/// Keys are claims.
class claim_protection_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "persistentvolumeclaim-protection"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {claims_, pods_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, claims_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == claims_) {
      if (event.kind != storage::event_kind::removed) keys.push_back(event.key);
    } else if (event.kind == storage::event_kind::removed) {
      const auto pod = schema::object_view::open(*event.value);
      if (!pod) return;
      for (const std::string& claim : schema::parse_used_claims(pod->text()))
        keys.push_back({claims_, event.key.space, claim});
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto claim = read_view(input.state, input.key, schema::parse_metadata);
    if (!claim) return {};
    protected_state state{input.key, std::move(*claim), "kubernetes.io/pvc-protection", {}};
    if (state.object.view.being_deleted()) state.used_by = user_of(input.state, input.key);
    return actors::reconcile(state);
  }

private:
  /// A pod that has no node yet will not start with a claim that is going.
  [[nodiscard]] std::string user_of(const storage::snapshot& now, const object_key& claim) const {
    std::string user;
    each_object(now, pods_, claim.space, [&](const schema::object_view& pod) {
      if (!user.empty() || pod.node_name().empty()) return;
      const std::vector<std::string> used = schema::parse_used_claims(pod.text());
      if (std::find(used.begin(), used.end(), claim.name) != used.end())
        user = "pod " + std::string(pod.name());
    });
    return user;
  }

  const resource_id claims_ = schema::builtin("", "persistentvolumeclaims").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
};

/// Keys are volumes.
class volume_protection_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "persistentvolume-protection"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {volumes_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, volumes_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.kind != storage::event_kind::removed) keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto volume = read_view(input.state, input.key, schema::parse_metadata);
    if (!volume) return {};
    protected_state state{input.key, std::move(*volume), "kubernetes.io/pv-protection", {}};
    const auto object = schema::object_view::open(input.state.get(input.key));
    if (const std::string claim = schema::parse_bound_claim(object->text()); !claim.empty())
      state.used_by = "claim " + claim;
    return actors::reconcile(state);
  }

private:
  const resource_id volumes_ = schema::builtin("", "persistentvolumes").id;
};

} // namespace

std::unique_ptr<controller_kind> claim_protection_controller() {
  return std::make_unique<claim_protection_kind>();
}

std::unique_ptr<controller_kind> volume_protection_controller() {
  return std::make_unique<volume_protection_kind>();
}

} // namespace actord::actors
