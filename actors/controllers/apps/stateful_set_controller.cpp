#include "actors/controllers/apps/failure_rests.hpp"
#include "actors/controllers/apps/stateful_pods.hpp"
#include "actors/controllers/apps/stateful_set_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/ownership.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/volume_use_view.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

/// A pod that cannot run where its template wants it (a port that is taken) is tried again this often.
constexpr auto first_rest = std::chrono::seconds(1);
constexpr auto longest_rest = std::chrono::seconds(10);

class stateful_set_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "statefulset"; }
  [[nodiscard]] std::vector<resource_id> watches() const override {
    return {sets_, pods_, revisions_, claims_};
  }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, sets_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == sets_) {
      keys.push_back(event.key);
    } else if (event.key.resource == claims_) {
      each_object(now, sets_, event.key.space, [&](const schema::object_view& set) {
        if (uses_claim(schema::parse_stateful_set(set.text()), event.key.name)) keys.push_back(set.key());
      });
    } else {
      const std::size_t before = keys.size();
      controllers_of(event, sets_, keys);
      if (keys.size() == before && event.kind != storage::event_kind::removed)
        adopters_of(event, now, sets_, schema::parse_stateful_set, keys);
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto set = read_view(input.state, input.key, schema::parse_stateful_set);
    if (!set) return {};
    stateful_set_state state;
    state.key = input.key;
    state.set = std::move(*set);
    if (input.refused_before != nullptr) state.refusal = input.refused_before->message;
    read_owned(input.state, state);
    read_claims(input.state, state);
    for (const replica_pod& pod : state.pods)
      if (pod.finished())
        if (const auto until = rests_.until(place_of(state, pod.meta.name), input.now))
          state.rests[pod.meta.name] = *until;
    plan decided = actors::reconcile(state, input.now);
    note_ends(state, decided, input.now);
    return decided;
  }

private:
  void read_owned(const storage::snapshot& now, stateful_set_state& state) const {
    const schema::stateful_set_view& set = state.set.view;
    const schema::owner_view owner = controller_reference("apps/v1", "StatefulSet", set.meta);
    const auto take_pod = [&](const schema::object_view& pod, bool whole) {
      state.pods.push_back(facts_of(pod, owner));
      if (whole || set.min_ready_s > 0 || !set.selector.matches(state.pods.back().meta.labels) ||
          !ordinal_of(set, pod.name()))
        add_details(state.pods.back(), pod);
    };
    const auto take_revision = [&](const schema::object_view& revision) {
      state.revisions.push_back({schema::parse_revision(revision.text()), revision.at()});
    };
    each_controlled(now, pods_, set.meta.uid, [&](const schema::object_view& pod) { take_pod(pod, false); });
    each_controlled(now, revisions_, set.meta.uid, take_revision);
    if (set.meta.being_deleted()) return;
    each_orphan(now, pods_, state.key.space, set.selector,
                [&](const schema::object_view& pod) { take_pod(pod, true); });
    each_orphan(now, revisions_, state.key.space, set.selector, take_revision);
    state.revision_name_taken =
        !now.get({revisions_, state.key.space, revision_name(history_owner(set))}).empty();
  }

  void read_claims(const storage::snapshot& now, stateful_set_state& state) const {
    const schema::stateful_set_view& set = state.set.view;
    const auto read = [&](std::int64_t ordinal) {
      for (const auto& claim : set.claim_templates) {
        const std::string name = claim_name(set, claim, ordinal);
        if (auto found = read_view(now, {claims_, state.key.space, name}, schema::parse_metadata))
          state.claims.emplace(name, std::move(*found));
      }
    };
    for (const replica_pod& pod : state.pods)
      if (const auto ordinal = ordinal_of(set, pod.meta.name)) read(*ordinal);
    for (const std::int64_t ordinal : missing_ordinals(set, state.pods)) {
      read(ordinal);
      const std::string pod = stateful_pod_name(set, ordinal);
      if (!now.get({pods_, state.key.space, pod}).empty()) state.taken.insert(pod);
    }
  }

  [[nodiscard]] static std::string place_of(const stateful_set_state& state, const std::string& pod) {
    return state.set.view.meta.uid + '/' + pod;
  }

  void note_ends(const stateful_set_state& state, const plan& decided, wall_time now) const {
    for (const planned_remove& removed : decided.remove) {
      const auto pod = std::find_if(state.pods.begin(), state.pods.end(),
                                    [&](const auto& one) { return one.meta.name == removed.key.name; });
      if (removed.key.resource == pods_ && pod != state.pods.end() && pod->finished())
        rests_.note(place_of(state, removed.key.name), now);
    }
  }

  mutable failure_rests rests_{first_rest, longest_rest};
  const resource_id sets_ = schema::builtin("apps", "statefulsets").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
  const resource_id revisions_ = schema::builtin("apps", "controllerrevisions").id;
  const resource_id claims_ = schema::builtin("", "persistentvolumeclaims").id;
};

} // namespace

std::unique_ptr<controller_kind> stateful_set_controller() { return std::make_unique<stateful_set_kind>(); }

} // namespace actord::actors
