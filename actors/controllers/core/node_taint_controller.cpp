#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/core/node_taint_reconciler.hpp"
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

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.kind != storage::event_kind::removed) keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto node = read_view(input.state, input.key, schema::parse_node);
    if (!node || node->view.meta.being_deleted()) return {};
    return actors::reconcile(input.key, *node, input.now);
  }

private:
  const resource_id nodes_ = schema::builtin("", "nodes").id;
};

} // namespace

std::unique_ptr<controller_kind> node_taint_controller() { return std::make_unique<node_taint_kind>(); }

} // namespace actord::actors
