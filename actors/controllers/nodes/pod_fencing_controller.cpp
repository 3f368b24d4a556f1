#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/nodes/pod_fencing_reconciler.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/node_view.hpp"
#include "schema/view/pod_view.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

constexpr std::string_view out_of_service = "node.kubernetes.io/out-of-service";

/// Keys are pods that are being deleted, and nodes that are out of service.
class pod_fencing_kind final : public controller_kind {
public:
  pod_fencing_kind(std::shared_ptr<const epoch_board> epochs, const clock_source& clock)
      : epochs_(std::move(epochs)), clock_(clock) {}

  [[nodiscard]] std::string_view name() const override { return "pod-fencing"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {nodes_, pods_, attachments_}; }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    each_object(now, nodes_, "",
                [&](const schema::object_view& node) { of_node(now, node.key().name, keys); });
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == nodes_) {
      if (event.kind != storage::event_kind::removed) of_node(now, event.key.name, keys);
      return;
    }
    const auto object = schema::object_view::open(*event.value);
    if (!object) return;
    if (event.key.resource == attachments_) {
      keys.push_back({nodes_, "", node_of(*object)});
    } else if (event.kind == storage::event_kind::removed) {
      // Perhaps the last one of a node whose volumes are to be detached.
      if (!object->node_name().empty()) keys.push_back({nodes_, "", std::string(object->node_name())});
    } else if (object->being_deleted() && !object->node_name().empty()) {
      keys.push_back(event.key);
    }
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    return input.key.resource == nodes_ ? of_volumes(input) : of_pod(input);
  }

private:
  [[nodiscard]] plan of_pod(const reconcile_input& input) const {
    const auto pod = read_view(input.state, input.key, schema::parse_pod);
    if (!pod || !pod->view.meta.being_deleted() || pod->view.spec.node_name.empty()) return {};
    const std::string& name = pod->view.spec.node_name;
    const auto node = schema::object_view::open(input.state.get({nodes_, "", name}));
    if (!node) return {};
    const schema::node_view view = schema::parse_node(node->text());
    const steady_time now = clock_.steady_now();
    return actors::reconcile(stranded_pod{.key = input.key,
                                          .uid = pod->view.meta.uid,
                                          .at = pod->at,
                                          .fenced = is_fenced(pod->view.meta) && fences(*node),
                                          .node_name = name,
                                          .node_ready = is_ready(view),
                                          .node_out_of_service = is_out_of_service(view),
                                          .epoch = judge_epoch(epochs_->counted_from(name), now)},
                             now, input.now);
  }

  [[nodiscard]] plan of_volumes(const reconcile_input& input) const {
    const auto node = read_view(input.state, input.key, schema::parse_node);
    if (!node || is_ready(node->view) || !is_out_of_service(node->view)) return {};
    if (!input.state.on_node(input.key.name).empty()) return {};
    std::vector<volume_attachment> attached;
    each_object(input.state, attachments_, "", [&](const schema::object_view& each) {
      if (!each.being_deleted() && node_of(each) == input.key.name)
        attached.push_back({each.key(), std::string(each.uid())});
    });
    return detach(attached);
  }

  void of_node(const storage::snapshot& now, const std::string& node, std::vector<object_key>& keys) const {
    const auto view = read_view(now, {nodes_, "", node}, schema::parse_node);
    if (!view || is_ready(view->view)) return;
    for (object_key& key : now.on_node(node)) {
      const auto pod = schema::object_view::open(now.get(key));
      if (pod && pod->being_deleted()) keys.push_back(std::move(key));
    }
    if (is_out_of_service(view->view)) keys.push_back({nodes_, "", node});
  }

  /// A node of somebody else's making has no guards, and no epoch either.
  static bool fences(const schema::object_view& node) {
    return node.text().find(R"("containerRuntimeVersion":"actord://)") != std::string_view::npos;
  }
  static bool is_ready(const schema::node_view& node) {
    const auto* const ready = schema::find_condition(node.conditions, "Ready");
    return ready != nullptr && ready->status == "True";
  }
  static bool is_out_of_service(const schema::node_view& node) {
    return std::ranges::any_of(node.taints, [](const auto& taint) { return taint.key == out_of_service; });
  }
  static std::string node_of(const schema::object_view& attachment) {
    const json object = json::parse(attachment.text(), nullptr, false);
    return object.is_object() ? object.value(json::json_pointer("/spec/nodeName"), std::string())
                              : std::string();
  }

  const std::shared_ptr<const epoch_board> epochs_;
  const clock_source& clock_;
  const resource_id nodes_ = schema::builtin("", "nodes").id;
  const resource_id pods_ = schema::builtin("", "pods").id;
  const resource_id attachments_ = schema::builtin("storage.k8s.io", "volumeattachments").id;
};

} // namespace

std::unique_ptr<controller_kind> pod_fencing_controller(std::shared_ptr<const epoch_board> epochs,
                                                        const clock_source& clock) {
  return std::make_unique<pod_fencing_kind>(std::move(epochs), clock);
}

} // namespace actord::actors
