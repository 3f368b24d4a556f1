#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/nodes/taint_eviction_reconciler.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

/// Keys are pods.
class taint_eviction_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "taint-eviction"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {nodes_, pods_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    each_object(now, nodes_, "", [&](const schema::object_view& node) {
      if (expels(node)) pods_of(now, node.name(), keys);
    });
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.kind == storage::event_kind::removed) return;
    const auto object = schema::object_view::open(*event.value);
    if (!object) return;
    if (event.key.resource == nodes_) {
      // Also when the last such taint went: somebody may wait for its time to be over.
      if (expels(*object) || expelled_before(event)) pods_of(now, event.key.name, keys);
    } else if (const std::string_view node = object->node_name(); !node.empty() && !object->being_deleted()) {
      const auto home = schema::object_view::open(now.get({nodes_, "", std::string(node)}));
      if (home && expels(*home)) keys.push_back(event.key);
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto pod = read_view(input.state, input.key, schema::parse_pod);
    if (!pod || pod->view.spec.node_name.empty()) return {};
    const auto node = read_view(input.state, {nodes_, "", pod->view.spec.node_name}, schema::parse_node);
    if (!node) return {};
    return actors::reconcile(input.key, *pod, expelling_taints(node->view, input.now), input.now);
  }

private:
  static bool expels(const schema::object_view& node) {
    return node.text().find("NoExecute") != std::string_view::npos;
  }
  static bool expelled_before(const storage::store_event& event) {
    if (!event.previous) return false;
    const auto before = schema::object_view::open(*event.previous);
    return before && expels(*before);
  }
  static void pods_of(const storage::snapshot& now, std::string_view node, std::vector<object_key>& keys) {
    for (object_key& key : now.on_node(node)) keys.push_back(std::move(key));
  }

  const resource_id nodes_ = schema::builtin("", "nodes").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
};

} // namespace

std::unique_ptr<controller_kind> taint_eviction_controller() {
  return std::make_unique<taint_eviction_kind>();
}

} // namespace actord::actors
