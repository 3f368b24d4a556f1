#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/nodes/node_life_reconciler.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/pod_view.hpp"

namespace actord::actors {

namespace {

constexpr std::string_view lease_space = "kube-node-lease";

/// Keys are nodes. What it knows of them besides the snapshot stands on the board.
class node_life_kind final : public controller_kind {
public:
  node_life_kind(std::shared_ptr<life_board> board, const clock_source& clock)
      : board_(std::move(board)), clock_(clock) {}

  [[nodiscard]] std::string_view name() const override { return "node-lifecycle"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {nodes_, leases_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    all_keys_of(now, nodes_, keys);
  }

  void keys_for(const storage::store_event& event, const storage::snapshot&,
                std::vector<object_key>& keys) const override {
    if (event.kind == storage::event_kind::removed) return;
    if (event.key.resource == nodes_)
      keys.push_back(event.key);
    else if (event.key.space == lease_space)
      keys.push_back({nodes_, "", event.key.name});
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto node = read_view(input.state, input.key, schema::parse_node);
    if (!node || node->view.meta.being_deleted()) return {};
    const steady_time now = clock_.steady_now();
    const life_signs signs =
        board_->observe(input.key.name, written_by(input.state, input.key.name, node->view), now);
    node_life_state state{input.key, std::move(*node), judge(signs, now), {}};
    if (!state.life.alive) state.pods = ready_pods(input.state, input.key.name);
    return actors::reconcile(state, now, input.now);
  }

private:
  /// What only the node itself writes: the times of its Lease and of its report.
  [[nodiscard]] std::string written_by(const storage::snapshot& now, const std::string& name,
                                       const schema::node_view& node) const {
    std::string out;
    if (const auto lease = schema::object_view::open(now.get({leases_, std::string(lease_space), name})))
      out = lease->text();
    const auto* const ready = schema::find_condition(node.conditions, "Ready");
    if (ready != nullptr && ready->status != "Unknown" && ready->updated)
      out += std::to_string(ready->updated->time_since_epoch().count());
    return out;
  }

  [[nodiscard]] std::vector<ready_pod> ready_pods(const storage::snapshot& now, std::string_view node) const {
    std::vector<ready_pod> out;
    for (const object_key& key : now.on_node(node)) {
      const auto pod = read_view(now, key, schema::parse_pod);
      if (pod && pod->view.ready() && !pod->view.finished())
        out.push_back({key, pod->view.meta.uid, pod->view.status.conditions});
    }
    return out;
  }

  const std::shared_ptr<life_board> board_;
  const clock_source& clock_;
  const resource_id nodes_ = schema::builtin("", "nodes").id;
  const resource_id leases_ = schema::builtin("coordination.k8s.io", "leases").id;
};

} // namespace

std::unique_ptr<controller_kind> node_life_controller(std::shared_ptr<life_board> board,
                                                      const clock_source& clock) {
  return std::make_unique<node_life_kind>(std::move(board), clock);
}

} // namespace actord::actors
