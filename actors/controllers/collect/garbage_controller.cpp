#include "actors/controllers/collect/garbage_reconciler.hpp"
#include "actors/controllers/controller_kinds.hpp"
#include "actors/controllers/read_objects.hpp"
#include "schema/tables/resource_table.hpp"
#include "schema/view/read.hpp"

#include <algorithm>

namespace actord::actors {

namespace {

schema::meta_view parse_meta_of(std::string_view text) {
  return schema::parse_meta(schema::read::document(text));
}

bool waits_for_dependents(const schema::object_view& object) {
  return object.being_deleted() && object.finalizer_count() > 0;
}

object_key owner_key(const schema::owner_reference& owner, std::string_view space) {
  const schema::resource_type& type = schema::resource_of(owner.resource);
  return {type.stored_as, type.namespaced ? std::string(space) : std::string(), owner.name};
}

class garbage_kind final : public controller_kind {
public:
  [[nodiscard]] std::string_view name() const override { return "garbage-collector"; }
  [[nodiscard]] std::vector<resource_id> watches() const override { return {}; }
  [[nodiscard]] std::chrono::milliseconds patience() const override { return std::chrono::milliseconds(20); }

  void all_keys(const storage::snapshot& now, std::vector<object_key>& keys) const override {
    for (const schema::resource_type& type : schema::resource_table()) {
      if (type.stored_as != type.id) continue;
      each_object(now, type.id, "", [&](const schema::object_view& object) {
        if (waits_for_dependents(object) || has_lost_owners(now, object)) keys.push_back(object.key());
      });
    }
  }

  void keys_for(const storage::store_event& event, const storage::snapshot& now,
                std::vector<object_key>& keys) const override {
    const auto object = schema::object_view::open(*event.value);
    if (!object) return;
    if (event.kind == storage::event_kind::removed) {
      for (object_key& key : now.owned_by(object->uid())) keys.push_back(std::move(key));
      // Owners that wait for this dependent.
      for (const auto& owner : object->owners())
        if (owner.resource != schema::unknown_resource) keys.push_back(owner_key(owner, event.key.space));
      return;
    }
    if (waits_for_dependents(object.value())) {
      keys.push_back(event.key);
      for (object_key& key : now.owned_by(object->uid())) keys.push_back(std::move(key));
      return;
    }
    const auto before = event.previous ? schema::object_view::open(*event.previous) : error{};
    const bool same_owners = before && before->owners() == object->owners();
    if (!same_owners && has_lost_owners(now, object.value())) keys.push_back(event.key);
  }

  [[nodiscard]] plan reconcile(const reconcile_input& input) const override {
    const auto object = schema::object_view::open(input.state.get(input.key));
    if (!object) return {};
    garbage_state state;
    state.key = input.key;
    state.object = {parse_meta_of(object->text()), object->at()};
    for (const auto& owner : object->owners())
      state.owners.push_back(fate_of(input.state, owner, input.key.space));
    const auto dependents = input.state.owned_by(object->uid());
    state.has_dependents = !dependents.empty();
    if (waits_for_dependents(object.value()))
      for (const object_key& key : dependents)
        if (const auto item = schema::object_view::open(input.state.get(key)))
          state.dependents.push_back({key, std::string(item->uid()), item->at(), parse_meta_of(item->text()),
                                      !input.state.owned_by(item->uid()).empty()});
    return actors::reconcile(state);
  }

private:
  static owner_fate fate_of(const storage::snapshot& now, const schema::owner_reference& reference,
                            std::string_view space) {
    if (reference.resource == schema::unknown_resource) return owner_fate::solid;
    // A namespaced owner of a cluster-wide object cannot be told apart by namespace: never act on it.
    if (schema::resource_of(reference.resource).namespaced && space.empty()) return owner_fate::solid;
    const auto owner = schema::object_view::open(now.get(owner_key(reference, space)));
    if (!owner || owner->uid() != reference.uid) return owner_fate::dangling;
    if (!waits_for_dependents(owner.value())) return owner_fate::solid;
    return parse_meta_of(owner->text()).has_finalizer(foreground_finalizer) ? owner_fate::waiting
                                                                            : owner_fate::solid;
  }

  static bool has_lost_owners(const storage::snapshot& now, const schema::object_view& object) {
    const auto owners = object.owners();
    return std::any_of(owners.begin(), owners.end(), [&](const auto& owner) {
      return fate_of(now, owner, object.space()) != owner_fate::solid;
    });
  }
};

} // namespace

std::unique_ptr<controller_kind> garbage_controller() { return std::make_unique<garbage_kind>(); }

} // namespace actord::actors
