#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/nodes/node_taint_reconciler.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

class node_taint_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "node-taint"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {nodes_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, nodes_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.kind != storage::event_kind::removed) keys.push_back(event.key);
    // Whether lost nodes lose their pods depends on how many others are.
    if (readiness_changed(event))
      each_object(now, nodes_, "", [&](const schema::object_view& each) {
        if (each.key() != event.key && !is_ready(schema::parse_node(each.text()))) keys.push_back(each.key());
      });
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto node = read_view(input.state, input.key, schema::parse_node);
    if (!node || node->view.meta.being_deleted()) return {};
    return actors::reconcile(input.key, *node, expels(input.state, node->view), input.now);
  }

private:
  /// Only a node that is lost makes anybody count the others.
  [[nodiscard]] bool expels(const storage::snapshot& now, const schema::node_view& node) const {
    if (is_ready(node)) return false;
    node_census census;
    each_object(now, nodes_, "", [&](const schema::object_view& each) {
      ++(is_ready(schema::parse_node(each.text())) ? census.ready : census.others);
    });
    return expels_from_lost_nodes(census);
  }

  static bool readiness_changed(const storage::store_event& event) {
    const auto ready = [](const shared_bytes& bytes) {
      if (!bytes) return false;
      const auto object = schema::object_view::open(*bytes);
      return object && is_ready(schema::parse_node(object->text()));
    };
    return ready(event.value) != ready(event.previous) || event.kind == storage::event_kind::removed;
  }

  static bool is_ready(const schema::node_view& node) {
    const auto* const ready = schema::find_condition(node.conditions, "Ready");
    return ready != nullptr && ready->status == "True";
  }

  const resource_id nodes_ = schema::builtin("", "nodes").id;
};

} // namespace

std::unique_ptr<controller_kind> node_taint_controller() { return std::make_unique<node_taint_kind>(); }

} // namespace actord::actors
