#include "actors/controllers/collect/pod_garbage_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/pod_view.hpp"

namespace actord::actors {

namespace {

/// Keys are pods.
class pod_garbage_kind final : public controller_kind {
public:
  pod_garbage_kind(std::shared_ptr<const epoch_board> epochs, const clock_source& clock)
      : epochs_(std::move(epochs)), clock_(clock) {}

  [[nodiscard]] std::string_view name() const override { return "pod-garbage-collector"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {nodes_, pods_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    each_object(now, pods_, "", [&](const schema::object_view& pod) {
      if (is_suspect(now, pod)) keys.push_back(pod.key());
    });
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == nodes_) {
      if (event.kind != storage::event_kind::removed) return;
      for (object_key& key : now.on_node(event.key.name)) keys.push_back(std::move(key));
    } else if (event.kind != storage::event_kind::removed) {
      const auto pod = schema::object_view::open(*event.value);
      if (pod && is_suspect(now, pod.value())) keys.push_back(event.key);
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto pod = schema::object_view::open(input.state.get(input.key));
    if (!pod) return {};
    const steady_time now = clock_.steady_now();
    return actors::reconcile(
        pod_garbage_state{input.key, std::string(pod->uid()), std::string(pod->node_name()),
                          has_node(input.state, pod.value()), std::string(pod->pod_phase()),
                          pod->being_deleted(), pod->creation_time(),
                          is_fenced(schema::parse_pod(pod->text()).meta),
                          judge_epoch(epochs_->counted_from(pod->node_name()), now), pod->at()},
        now, input.now);
  }

private:
  [[nodiscard]] bool has_node(const storage::snapshot& now, const schema::object_view& pod) const {
    return !pod.node_name().empty() && !now.get({nodes_, "", std::string(pod.node_name())}).empty();
  }

  [[nodiscard]] bool is_suspect(const storage::snapshot& now, const schema::object_view& pod) const {
    return pod.node_name().empty() ? pod.being_deleted() : !has_node(now, pod);
  }

  const std::shared_ptr<const epoch_board> epochs_;
  const clock_source& clock_;
  const resource_id nodes_ = schema::builtin("", "nodes").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
};

} // namespace

std::unique_ptr<controller_kind> pod_garbage_controller(std::shared_ptr<const epoch_board> epochs,
                                                        const clock_source& clock) {
  return std::make_unique<pod_garbage_kind>(std::move(epochs), clock);
}

} // namespace actord::actors
