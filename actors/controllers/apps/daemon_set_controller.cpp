#include "actors/controllers/apps/daemon_set_reconciler.hpp"
#include "actors/controllers/apps/failure_rests.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/ownership.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

constexpr auto first_rest = std::chrono::seconds(1);
constexpr auto longest_rest = std::chrono::minutes(15);

/// Whether a change of a node can make a difference to any set. Most (heartbeats, images) cannot.
bool matters(const storage::store_event& event) {
  if (event.kind == storage::event_kind::removed || !event.previous || !event.value) return true;
  const auto now = schema::object_view::open(*event.value);
  const auto before = schema::object_view::open(*event.previous);
  return !now || !before || labels_of(now.value()) != labels_of(before.value()) ||
         schema::parse_node_taints(now->text()) != schema::parse_node_taints(before->text());
}

class daemon_set_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "daemonset"; }
  [[nodiscard]] std::vector<resource_id> watches() const override {
    return {sets_, pods_, revisions_, nodes_};
  }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, sets_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == sets_) {
      keys.push_back(event.key);
    } else if (event.key.resource == nodes_) {
      if (matters(event)) all_keys(now, keys);
    } else {
      const std::size_t before = keys.size();
      controllers_of(event, sets_, keys);
      if (keys.size() == before && event.kind != storage::event_kind::removed)
        adopters_of(event, now, sets_, schema::parse_daemon_set, keys);
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto set = read_view(input.state, input.key, schema::parse_daemon_set);
    if (!set) return {};
    daemon_set_state state;
    state.key = input.key;
    state.set = std::move(*set);
    if (input.refused_before != nullptr) state.refusal = input.refused_before->message;
    read_owned(input.state, state);
    each_object(input.state, nodes_, "", [&](const schema::object_view& node) {
      state.nodes.push_back(
          {std::string(node.name()), labels_of(node), schema::parse_node_taints(node.text())});
    });
    for (const daemon_pod& pod : state.pods)
      if (pod.facts.finished())
        if (const auto until = rests_.until(place_of(state, pod.target), input.now))
          state.rests[pod.target] = *until;
    plan decided = actors::reconcile(state, input.now);
    note_ends(state, decided, input.now);
    return decided;
  }

private:
  void read_owned(const storage::snapshot& now, daemon_set_state& state) const {
    const schema::daemon_set_view& set = state.set.view;
    const schema::owner_view owner = controller_reference("apps/v1", "DaemonSet", set.meta);
    const auto take_pod = [&](const schema::object_view& pod, bool whole) {
      daemon_pod out{facts_of(pod, owner), std::string(pod.node_name())};
      if (out.target.empty()) out.target = schema::parse_target_node(pod.text());
      if (whole || set.min_ready_s > 0 || !set.selector.matches(out.facts.meta.labels))
        add_details(out.facts, pod);
      state.pods.push_back(std::move(out));
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

  [[nodiscard]] static std::string place_of(const daemon_set_state& state, const std::string& node) {
    return state.set.view.meta.uid + '/' + node;
  }

  void note_ends(const daemon_set_state& state, const plan& decided, wall_time now) const {
    for (const planned_remove& removed : decided.remove) {
      const auto pod = std::find_if(state.pods.begin(), state.pods.end(), [&](const auto& one) {
        return one.facts.meta.name == removed.key.name && removed.key.resource == pods_;
      });
      if (pod != state.pods.end() && pod->facts.phase == "Failed")
        rests_.note(place_of(state, pod->target), now);
    }
  }

  mutable failure_rests rests_{first_rest, longest_rest};
  const resource_id sets_ = schema::builtin("apps", "daemonsets").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
  const resource_id revisions_ = schema::builtin("apps", "controllerrevisions").id;
  const resource_id nodes_ = schema::builtin("", "nodes").id;
};

} // namespace

std::unique_ptr<controller_kind> daemon_set_controller() { return std::make_unique<daemon_set_kind>(); }

} // namespace actord::actors
