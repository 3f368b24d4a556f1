#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/core/namespace_reconciler.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/base/json.hpp"
#include "schema/tables/resource_table.hpp"

namespace actord::actors {

namespace {

class namespace_kind final : public controller_kind {
public:
  explicit namespace_kind(std::shared_ptr<foreign_contents> foreign) : foreign_(std::move(foreign)) {}

  [[nodiscard]] std::string_view name() const override { return "namespace"; }
  /// Everything: whatever goes from a namespace may have been its last object.
  [[nodiscard]] std::vector<resource_id> watches() const override { return {}; }
  [[nodiscard]] std::chrono::milliseconds patience() const override { return std::chrono::milliseconds(20); }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    each_object(now, namespaces_, "", [&](const schema::object_view& space) {
      if (space.being_deleted()) keys.push_back(space.key());
    });
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    if (event.key.resource == namespaces_) {
      const auto space = schema::object_view::open(*event.value);
      if (space && space->being_deleted() && event.kind != storage::event_kind::removed)
        keys.push_back(event.key);
      return;
    }
    if (event.key.space.empty() || event.kind != storage::event_kind::removed) return;
    const object_key key{namespaces_, "", event.key.space};
    const auto space = schema::object_view::open(now.get(key));
    if (space && space->being_deleted()) keys.push_back(key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    auto space = read_view(input.state, input.key, schema::parse_namespace);
    if (!space) return {};
    namespace_state state;
    state.key = input.key;
    state.space = std::move(*space);
    if (state.space.view.meta.being_deleted()) {
      read_content(input.state, state);
      if (foreign_) state.foreign = foreign_->empty(input.key.name, state.space.view.meta.uid);
    }
    return actors::reconcile(state, input.now);
  }

private:
  void read_content(const storage::snapshot& now, namespace_state& state) const {
    for (const schema::resource_handle& type : schema::stored_resources()) {
      if (!type->namespaced || type->stored_as == events_) continue;
      each_object(now, type->stored_as, state.key.name,
                  [&](const schema::object_view& object) { add(state, object); });
    }
    // Last, since what goes from the namespace leaves Events behind.
    each_object(now, events_, state.key.name, [&](const schema::object_view& object) { add(state, object); });
  }

  static void add(namespace_state& state, const schema::object_view& object) {
    namespace_content item{object.key(), std::string(object.uid()), object.being_deleted(), {}};
    if (item.being_deleted && object.finalizer_count() > 0) {
      const json tree = json::parse(object.text(), nullptr, false);
      for (const auto& finalizer : tree.value("/metadata/finalizers"_json_pointer, json::array()))
        item.finalizers.push_back(finalizer);
    }
    state.content.push_back(std::move(item));
  }

  const resource_id namespaces_ = schema::builtin("", "namespaces").id;
  const resource_id events_ = schema::builtin("", "events").id;
  const std::shared_ptr<foreign_contents> foreign_;
};

} // namespace

std::unique_ptr<controller_kind> namespace_controller() { return namespace_controller(nullptr); }
std::unique_ptr<controller_kind> namespace_controller(std::shared_ptr<foreign_contents> foreign) {
  return std::make_unique<namespace_kind>(std::move(foreign));
}

} // namespace actord::actors
