#include "actors/cluster/joining/node_register.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/nodes/server_role_reconciler.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/node_view.hpp"

namespace actord::actors {

namespace {

class server_role_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "node-role"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {nodes_, records_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, nodes_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == nodes_) {
      if (event.kind != storage::event_kind::removed && labels_changed(event)) keys.push_back(event.key);
    } else if (const auto record = read_node_record(*event.value)) {
      keys.push_back({nodes_, "", record->node});
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto node = read_view(input.state, input.key, schema::parse_node);
    if (!node || node->view.meta.being_deleted()) return {};
    const auto record = read_node_record(input.state.get(node_record_key(input.key.name)));
    const machine_role role = !record               ? machine_role::unknown
                              : record->member == 0 ? machine_role::worker
                                                    : machine_role::server;
    return actors::reconcile(input.key, {node->view.meta, node->at}, role);
  }

private:
  /// Most changes of a node are heartbeats.
  static bool labels_changed(const storage::store_event& event) {
    if (!event.previous) return true;
    const auto now = schema::object_view::open(*event.value);
    const auto before = schema::object_view::open(*event.previous);
    return !now || !before || labels_of(now.value()) != labels_of(before.value());
  }

  const resource_id nodes_ = schema::builtin("", "nodes").id;
  const resource_id records_ = node_record_key("").resource;
};

} // namespace

std::unique_ptr<controller_kind> server_role_controller() { return std::make_unique<server_role_kind>(); }

} // namespace actord::actors
